import { Server as TlsServer } from 'node:tls'

/** What a certificate source is in. */
export interface Surroundings {
  /** Null where Fastify does not terminate TLS itself. */
  readonly server: ServerTls | null
  /** Tells the operator what deserves attention while nobody is refused for it. */
  onTrouble (detail: string): void
}

export interface ServerTls {
  readonly asksForCertificate: boolean
  /** Whom it was told to believe, as it stands there now; undefined where Node believes every public authority. */
  authorities (): unknown
}

/** Where Fastify does not terminate TLS. */
export const nowhere: Surroundings = { server: null, onTrouble () {} }

export function serverTls (server: unknown): ServerTls | null {
  if (!(server instanceof TlsServer)) return null
  const tls = server as TlsServer & { requestCert?: boolean, ca?: unknown }
  return { asksForCertificate: tls.requestCert === true, authorities: () => tls.ca ?? undefined }
}
