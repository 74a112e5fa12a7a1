import { findProgram } from '../../examples/shared/program.ts'
import type { Pki } from '../../examples/demo/pki.ts'
import { startProxy, type ProxyProcess } from './proxy-process.ts'

export const caddy = findProgram('caddy')

/** What we recommend for the preset. It overwrites what the client sent, and without a certificate says so in a text of its own. */
export const placeholder = '{http.request.tls.client.certificate_der_base64}'
export const recommended = `header_up X-SSL-Cert ${placeholder}`

/** Looks at an issuer where there is one. */
export const verifying = 'mode verify_if_given\n      trusted_ca_cert_file ca.pem'

export interface CaddyOptions {
  readonly pki: Pki
  readonly upstreamPort: number
  /** Lines of `reverse_proxy`. */
  readonly directives?: string
  /** Lines of the site; PORT stands for that of the service. */
  readonly more?: string
  /** What is asked of client certificates: Caddy looks at an issuer only when told to verify. */
  readonly clients?: string
}

export async function startCaddy ({ pki, upstreamPort, directives = recommended, more = '', clients = 'mode request' }: CaddyOptions): Promise<ProxyProcess> {
  if (caddy === null) throw new Error('caddy is not installed')
  return await startProxy(pki, {
    path: caddy,
    args: ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
    // With `h1 h2` alone it does not try to open a port for HTTP/3 as well.
    configuration: (port) => ({
      Caddyfile: `
{
  admin off
  auto_https off
  default_bind 127.0.0.1
  servers {
    protocols h1 h2
  }
}

https://localhost:${port} {
  tls server.pem server.pem {
    client_auth {
      ${clients}
    }
  }
${more.replaceAll('PORT', String(upstreamPort))}
  reverse_proxy 127.0.0.1:${upstreamPort} {
    ${directives}
  }
}
`
    })
  })
}
