const placeholders = new Set([
  '', // HAProxy, Apache `%{…}e`; HAProxy also when the certificate does not fit its buffer
  '(null)', // Apache
  '-',
  'NONE',
  '::', // RFC 9440 form around nothing
  ':(null):',
  // SHA-256 of nothing, as newer Caddy makes of an absent certificate: hex, base64, base64url
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
])

// Caddy 2.6 forwards the text of a placeholder that it cannot fill.
const caddyPlaceholder = /^:?\{http\.[^}]*\}:?$/

/** Whether a value is what some proxy writes when the client showed no certificate. Never "mutual TLS is not in use". */
export function isPlaceholder (value: string): boolean {
  return value.length < 100 && (placeholders.has(value) || caddyPlaceholder.test(value))
}
