import type { AuthorizationServer } from '../demo/authorization-server.ts'
import { request, revokeToken } from '../demo/request.ts'
import { by } from '../shared/client.ts'
import type { Act } from '../shared/example.ts'
import type { Gateway } from '../shared/gateway.ts'
import type { Cast } from './example.ts'

export async function story (cast: Cast, { outcome, log }: Gateway): Promise<readonly Act[]> {
  const { ca, partner, thief, password, servers, gatewayUrl, proxyUrl, token } = cast
  const [opaque, signed, fromStore, encrypted] = await Promise.all([token(servers.introspected), token(servers.signed), token(servers.keyStore), token(servers.encrypted)])
  const [once, shortly] = await Promise.all([token(servers.introspected), token(servers.introspected)])
  const otherScope = await token(servers.signed, 'mail')
  const to = (path: string, who: ReturnType<typeof by>) => ({ url: gatewayUrl + path, ca, ...who })
  const pem = Buffer.from(partner.certificate).toString('base64')

  const revoke = async (accessToken: string): Promise<void> =>
    await revokeToken({ authorizationServer: servers.introspected, clientId: 'client-application', credentials: partner, token: accessToken })

  return [
    { title: 'introspection', expected: '200', play: () => outcome(to('/rs-introspect', by(partner, opaque))) },
    { title: 'introspection, a token that was made up', expected: '401 token_inactive', play: () => outcome(to('/rs-introspect', by(partner, 'made-up'))) },
    { title: 'introspection, a token without the scopes', expected: '403 scope_insufficient', play: async () => await outcome(to('/rs-introspect', by(partner, await token(servers.introspected, 'mail')))) },
    { title: 'signed, key from a JWK set', expected: '200', play: () => outcome(to('/rs-stateless-signed', by(partner, signed))) },
    { title: 'signed, key from a key store', expected: '200', play: () => outcome(to('/rs-stateless-signed-ksss', by(partner, fromStore))) },
    { title: 'signed, and altered', expected: '401 token_invalid', play: () => outcome(to('/rs-stateless-signed-ksss', by(partner, altered(fromStore)))) },
    { title: 'signed by another server', expected: '401 token_issuer_mismatch', play: () => outcome(to('/rs-stateless-signed-ksss', by(partner, signed))) },
    { title: 'signed, a token without the scope', expected: '403 scope_insufficient', play: () => outcome(to('/rs-stateless-signed', by(partner, otherScope))) },
    { title: 'encrypted, key from a key store', expected: '200', play: () => outcome(to('/rs-stateless-encrypted', by(partner, encrypted))) },
    { title: 'encrypted, and altered', expected: '401 token_invalid', play: () => outcome(to('/rs-stateless-encrypted', by(partner, altered(encrypted)))) },
    { title: 'stolen token, no certificate', expected: '401 certificate_missing', play: () => outcome(to('/rs-introspect', by(null, opaque))) },
    { title: 'stolen token, the thief\'s own certificate', expected: '401 binding_mismatch', play: () => outcome(to('/rs-stateless-encrypted', by(thief, encrypted))) },
    { title: 'stolen token, a header that nobody reads', expected: '401 certificate_missing', play: () => outcome(to('/rs-introspect', by(null, opaque, { 'x-ssl-cert': encodeURIComponent(partner.certificate) }))) },
    { title: 'behind the proxy', expected: '200', play: () => outcome({ url: `${proxyUrl}/mtls-header`, ca, ...by(partner, opaque) }) },
    { title: 'behind the proxy, stolen token, header forged', expected: '401 binding_mismatch', play: () => outcome({ url: `${proxyUrl}/mtls-header`, ca, ...by(thief, opaque, { ssl_client_cert: pem }) }) },
    { title: 'past the proxy, stolen token, header forged', expected: '401 certificate_source_untrusted', play: () => outcome(to('/mtls-header', by(thief, opaque, { ssl_client_cert: pem }))) },
    { title: 'logged in with name and password from the claims', expected: '200 welcome, demo', play: () => statusAndBody(to('/rs-pwreplay', by(partner, opaque))) },
    { title: 'not logged in, with a stolen token', expected: '401 binding_mismatch', play: () => outcome(to('/rs-pwreplay', by(thief, opaque))) },
    { title: 'the password and the token in the log', expected: 'none', play: async () => [password, opaque].filter((secret) => log().includes(secret)).length === 0 ? 'none' : 'found' },
    { title: 'questions to the server for three requests, with the cache', expected: '1', play: async () => await questions(servers.introspected, 3, () => outcome(to('/rs-introspect-cache', by(partner, once)))) },
    { title: 'questions to the server for three requests, cache: false', expected: '3', play: async () => await questions(servers.introspected, 3, () => outcome(to('/rs-introspect', by(partner, once)))) },
    {
      title: 'revoked, and remembered for a minute',
      expected: '200',
      play: async () => {
        await revoke(once)
        return await outcome(to('/rs-introspect-cache', by(partner, once)))
      }
    },
    { title: 'revoked, cache: false', expected: '401 token_inactive', play: () => outcome(to('/rs-introspect', by(partner, once))) },
    {
      title: 'revoked, and remembered for half a second: soon',
      expected: '401 token_inactive',
      play: async () => {
        const send = async (): Promise<string> => await outcome(to('/rs-introspect-short', by(partner, shortly)))
        const before = await send()
        await revoke(shortly)
        return before === '200' ? await until(send, (after) => after !== '200') : `${before} before`
      }
    }
  ]
}

async function statusAndBody (options: Parameters<typeof request>[0]): Promise<string> {
  const { status, body } = await request(options)
  return `${status} ${body}`
}

/** How often the server was asked while that many requests were let in. */
async function questions (server: AuthorizationServer, requests: number, send: () => Promise<string>): Promise<string> {
  const before = server.introspectionCount()
  for (let sent = 0; sent < requests; sent++) {
    const outcome = await send()
    if (outcome !== '200') return outcome
  }
  return String(server.introspectionCount() - before)
}

/** Sends again until the answer is another one, for ten seconds. */
async function until (send: () => Promise<string>, isOther: (outcome: string) => boolean): Promise<string> {
  const deadline = Date.now() + 10_000
  let outcome = await send()
  while (!isOther(outcome) && Date.now() < deadline) outcome = await send()
  return outcome
}

/** With another first character of the signature or the authentication tag: the last one holds bits that mean nothing. */
function altered (token: string): string {
  const parts = token.split('.')
  const tag = parts.at(-1) as string
  return [...parts.slice(0, -1), (tag.startsWith('A') ? 'B' : 'A') + tag.slice(1)].join('.')
}
