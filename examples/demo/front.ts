import type { Pki } from './pki.ts'

/** A TLS front: it ends mutual TLS and tells the service in two headers which certificate the client showed. */
export interface Front {
  readonly kind: 'nginx' | 'node'
  readonly url: string
  readonly port: number
  close (): Promise<void>
}

export interface FrontOptions {
  readonly pki: Pki
  /** The service behind the front. */
  readonly target: { readonly socketPath: string } | { readonly port: number }
  /** Default: `X-SSL-Cert`. */
  readonly certificateHeader?: string
  /** Default: `X-SSL-Verify`. */
  readonly verifyHeader?: string
}

/**
 * Under these names a service could believe a certificate, so no client may send them.
 * The underscore spelling counts as the same name: CGI-like servers cannot tell the two apart.
 */
export function forbiddenToClients (certificateHeader: string, verifyHeader: string): Set<string> {
  const names = ['X-SSL-Cert', 'X-SSL-Verify', 'Client-Cert', 'Client-Cert-Chain', certificateHeader, verifyHeader]
  return new Set(names.map(withDashes))
}

export function withDashes (name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
