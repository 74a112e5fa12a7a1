import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Service, Visit } from './behind-proxy.ts'
import type { Clients } from './proxy-clients.ts'

/**
 * What a client may write to pass for another one: the certificate of the owner in the spelling of the preset, and a good verdict.
 * `headers` also goes by HTTP/2.
 */
interface Forgery extends Visit {
  readonly headers?: Record<string, string | string[]>
  /** Go behind the body by HTTP/2. */
  readonly http2Trailers?: Record<string, string>
}

export function forgeries (value: string, verdict: string): Record<string, Forgery> {
  const good = `X-SSL-Verify: ${verdict}\r\n`
  return {
    'the same name': { lines: `X-SSL-Cert: ${value}\r\n${good}`, headers: { 'x-ssl-cert': value, 'x-ssl-verify': verdict } },
    'another case': { lines: `x-ssl-CERT: ${value}\r\nx-SSL-verify: ${verdict}\r\n` },
    twice: { lines: `X-SSL-Cert: ${value}\r\nX-SSL-Cert: ${value}\r\n${good}${good}`, headers: { 'x-ssl-cert': [value, value], 'x-ssl-verify': [verdict, verdict] } },
    underscores: { lines: `X_SSL_Cert: ${value}\r\nX_SSL_Verify: ${verdict}\r\n`, headers: { x_ssl_cert: value, x_ssl_verify: verdict } },
    dots: { lines: `X.SSL.Cert: ${value}\r\nX.SSL.Verify: ${verdict}\r\n`, headers: { 'x.ssl.cert': value, 'x.ssl.verify': verdict } },
    'an empty one': { lines: 'X-SSL-Cert:\r\n', headers: { 'x-ssl-cert': '' } },
    'the verdict alone': { lines: good, headers: { 'x-ssl-verify': verdict } },
    'Client-Cert': { lines: `Client-Cert: :${value}:\r\n`, headers: { 'client-cert': `:${value}:` } },
    'Connection takes off the certificate': { lines: 'Connection: close, X-SSL-Cert\r\n' },
    'Connection takes off the verdict': { lines: 'Connection: x-ssl-verify\r\n' },
    'Connection takes off what the proxy sets': { lines: `X-SSL-Cert: ${value}\r\n${good}Connection: close, X-SSL-Cert, X-SSL-Verify\r\n` },
    'space before the colon': { lines: `X-SSL-Cert : ${value}\r\n${good}` },
    folded: { lines: `X-Other: a\r\n X-SSL-Cert: ${value}\r\n` },
    'bare line feed': { lines: `X-Other: a\nX-SSL-Cert: ${value}\r\n${good}` },
    trailer: { lines: 'Trailer: X-SSL-Cert\r\n', trailers: `X-SSL-Cert: ${value}\r\n${good}`, headers: { trailer: 'x-ssl-cert' }, http2Trailers: { 'x-ssl-cert': value, 'x-ssl-verify': verdict } }
  }
}

const byHttp2 = ' by HTTP/2'

/** What becomes of a forgery by the owner of the token, by another client with its own certificate, and by one without. */
export type Verdicts = readonly [owner: string, thief: string, none: string]

export const everybody = (verdict: string): Verdicts => [verdict, verdict, verdict]
export const [ambiguous, missing, badRequest] = [everybody('certificate_ambiguous'), everybody('certificate_missing'), everybody('proxy: 400')]

/**
 * Every forgery, with what the proxy and the plugin make of it together.
 *
 * @param forge - the value of the header with a certificate
 * @param expected - by the name of the forgery, with ` by HTTP/2` behind it where that differs; `else` for those that change nothing
 * @param isSpoofable - whether some may get through
 */
export async function testForgeries (
  t: TestContext,
  service: Service,
  proxyPort: number,
  { partner, thief }: Clients,
  forged: Record<string, Forgery>,
  expected: Readonly<Record<string, Verdicts>> & { readonly else: Verdicts },
  { isSpoofable = false } = {}
): Promise<void> {
  const unknown = Object.keys(expected).filter((name) => name !== 'else' && !Object.hasOwn(forged, name.replace(byHttp2, '')))
  assert.deepEqual(unknown, [])
  for (const [name, { headers, http2Trailers, ...visit }] of Object.entries(forged)) {
    const verdicts = expected[name] ?? expected.else
    const isTrap = verdicts.slice(1).includes('taken')
    const title = isTrap ? 'the trap is real: a forged header gets through' : 'a forged header gets nowhere'
    await t.test(`S-1: ${title}: ${name} (${verdicts.join(', ')})`, async () => {
      assert.deepEqual(await all(async (who) => await service.visit(proxyPort, who, { tokenOf: partner, ...visit })), verdicts)
      assert.ok(isSpoofable || !isTrap)
    })
    if (headers === undefined) continue
    const verdictsByHttp2 = expected[name + byHttp2] ?? verdicts
    await t.test(`S-1: ${title}: ${name}${byHttp2} (${verdictsByHttp2.join(', ')})`, async () => {
      assert.deepEqual(await all(async (who) => await service.visitByHttp2(proxyPort, who, partner, headers, http2Trailers)), verdictsByHttp2)
      assert.ok(isSpoofable || !verdictsByHttp2.slice(1).includes('taken'))
    })
  }

  async function all (send: (who: Clients['partner'] | null) => Promise<{ verdict: string, thumbprint: string | null }>): Promise<string[]> {
    const verdicts: string[] = []
    for (const who of [partner, thief, null]) {
      const { verdict, thumbprint } = await send(who)
      if (verdict === 'taken') assert.equal(thumbprint, partner.thumbprint)
      verdicts.push(verdict)
    }
    return verdicts
  }
}
