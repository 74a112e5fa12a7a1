/** An Authorization header as RFC 6749 section 2.3.1 has it: both parts are form-encoded before they are joined. */
export function basic (clientId: string, secret: string): string {
  const encode = (value: string): string => new URLSearchParams({ value }).toString().slice('value='.length)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`
}
