import { Server as TlsServer } from 'node:tls'

/** What a certificate source is in. */
export interface Surroundings {
  /** Null where Fastify does not terminate TLS itself. */
  readonly server: ServerTls | null
  /** Tells the operator what deserves attention while nobody is refused for it. */
  onTrouble (detail: string): void
}

interface ServerTls {
  readonly asksForCertificate: boolean
  /** Whether it was told whom to believe; else Node believes every public authority. */
  readonly hasAuthorities: boolean
}

/** Where Fastify does not terminate TLS. */
export const nowhere: Surroundings = { server: null, onTrouble () {} }

export function serverTls (server: unknown): ServerTls | null {
  if (!(server instanceof TlsServer)) return null
  const { requestCert, ca } = server as TlsServer & { requestCert?: boolean, ca?: unknown }
  return { asksForCertificate: requestCert === true, hasAuthorities: ca !== undefined && ca !== null }
}
