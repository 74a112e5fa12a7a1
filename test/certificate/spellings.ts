import type { formats } from '../../lib/certificate/formats.ts'

/** Formats that hold a certificate. */
export type FormatName = keyof typeof formats

/** PEM as OpenSSL writes it: 64 columns, a line break at the end. */
export function pemOf (der: Buffer, label = 'CERTIFICATE'): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Apache's `escape:` leaves what a path may hold, and writes its hex in lower case. */
function apacheEscape (text: string): string {
  return text.replace(/[^A-Za-z0-9\-._~+/=]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** How each proxy writes a certificate, by the format that reads it; the header's value as Node hands it on. */
export const spellings: Readonly<Record<FormatName, Readonly<Record<string, (der: Buffer) => string>>>> = {
  pem: {
    'Connect2id: no separators': (der) => pemOf(der).replaceAll('\n', ''),
    'Apache %{SSL_CLIENT_CERT}s: spaces': (der) => pemOf(der).replaceAll('\n', ' ').trimEnd(),
    'nginx $ssl_client_cert, unfolded: tabs': (der) => pemOf(der).replaceAll('\n', '\t').trimEnd(),
    'the space at the end kept': (der) => pemOf(der).replaceAll('\n', ' ')
  },
  'url-pem': {
    'nginx $ssl_client_escaped_cert, Azure, CloudFront: all escaped': (der) => encodeURIComponent(pemOf(der)),
    'Apache %{escape:%{SSL_CLIENT_CERT}}: %0a, and + / = as they are': (der) => apacheEscape(pemOf(der)),
    'AWS: %0A, and + / = as they are': (der) => encodeURIComponent(pemOf(der)).replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '='),
    'AWS, by its own example: = escaped': (der) => encodeURIComponent(pemOf(der)).replaceAll('%2B', '+').replaceAll('%2F', '/'),
    'lower-case hex throughout': (der) => encodeURIComponent(pemOf(der)).replace(/%../g, (escape) => escape.toLowerCase()),
    'no line break at the end': (der) => encodeURIComponent(pemOf(der).trimEnd()),
    'CR LF': (der) => encodeURIComponent(pemOf(der).replaceAll('\n', '\r\n'))
  },
  'base64-der': {
    'HAProxy %[ssl_c_der,base64], Caddy, Azure App Service': (der) => der.toString('base64')
  },
  'base64-der-list': {
    'Traefik: the client\'s alone': (der) => der.toString('base64'),
    'Traefik: with its chain': (der) => [der, der, der].map((each) => each.toString('base64')).join(',')
  },
  'hex-der': {
    'HAProxy %[ssl_c_der,hex]': (der) => der.toString('hex').toUpperCase()
  },
  'base64-pem': {
    'Apache %{base64:%{SSL_CLIENT_CERT}}': (der) => Buffer.from(pemOf(der)).toString('base64')
  },
  rfc9440: {
    'Client-Cert: HAProxy, Cloudflare, Google, Akamai': (der) => `:${der.toString('base64')}:`
  }
}

/** The first spelling of each format. */
export function write (format: FormatName, der: Buffer): string {
  const [first] = Object.values(spellings[format])
  return (first as (der: Buffer) => string)(der)
}
