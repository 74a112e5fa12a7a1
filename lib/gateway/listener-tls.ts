import { OptionsError } from '../errors.ts'
import { defaultOf, ServerSchema, type GatewayOptions, type ServerOptions } from '../options.ts'
import { tlsMaterial } from '../tls-material.ts'

type Tls = NonNullable<ServerOptions['tls']>

/** For `https.createServer` and `setSecureContext`. */
export interface ListenerTls {
  readonly cert: string
  readonly key: string
  readonly ca?: string[]
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
}

const defaults = ServerSchema.properties.tls.properties

/**
 * Reads certificate, key and authorities of the listener, as they are now.
 *
 * @throws OptionsError
 */
export async function listenerTls (options: Tls, path: string): Promise<ListenerTls> {
  const { certificate, key, ca, clientCertificate = defaultOf<'none'>(defaults.clientCertificate), minVersion = defaultOf<'TLSv1.2'>(defaults.minVersion) } = options
  if (clientCertificate === 'require' && ca === undefined) {
    // Node would believe every public authority.
    throw new OptionsError(`${path}.ca: missing; allowed: the authorities that clients must have their certificates from, since clientCertificate is "require"`)
  }
  if (clientCertificate === 'none' && ca !== undefined) throw new OptionsError(`${path}.ca: found where clients are not asked for a certificate; allowed: with clientCertificate "request" or "require"`)
  const material = await tlsMaterial({ certificate, key, ...ca !== undefined && { ca } }, path, () => {})
  const { cert, key: privateKey, ca: authorities } = material.current() as { cert: string, key: string, ca?: string[] }
  return {
    cert,
    key: privateKey,
    ...authorities !== undefined && { ca: authorities },
    minVersion,
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'require'
  }
}

/**
 * Refuses a source of certificates that would never see one: nobody shows what he is not asked for.
 *
 * @throws OptionsError
 */
export function checkSources ({ server, certificate, routes }: GatewayOptions): void {
  if ((server?.tls?.clientCertificate ?? defaultOf<'none'>(defaults.clientCertificate)) !== 'none') return
  const sources = [{ source: certificate.source, at: 'options.certificate.source' }, ...routes.map((route, index) => ({ source: route.certificate?.source, at: `options.routes[${index}].certificate.source` }))]
  const blind = sources.find(({ source }) => source === 'tls')
  if (blind !== undefined) throw new OptionsError(`${blind.at}: found "tls" where clients are not asked for a certificate; allowed: with server.tls and its clientCertificate "request" or "require"`)
}
