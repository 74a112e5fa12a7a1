import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'
import type { FieldLine } from './inbound.ts'
import { rawExchange, requestText } from './raw-exchange.ts'
import { headerCases, rfc9440 } from './vectors.ts'

const value = rfc9440['Client-Cert']
const other = headerCases.cases.find(({ id }) => id === 'sf-ok')?.lines[0]?.[1] as string
const own: FieldLine = ['Client-Cert', value]
const verdict: FieldLine = ['X-Verify', 'SUCCESS']
const trusted = { trustedProxies: ['127.0.0.1'] }

// Ways to bring a header past a proxy, each over a real connection. None may cost a call to the authorization server.
describe('a certificate header that is not the proxy\'s own word', () => {
  let guarded: GuardedApp
  let tokens = 0

  before(async () => {
    guarded = await startGuardedApp({
      certificate: { preset: 'rfc9440', ...trusted },
      routes: {
        '/elsewhere': { preset: 'rfc9440', trustedProxies: ['10.0.0.0/8', '::1', 'unix', '192.0.2.1'] },
        '/verified': { preset: 'rfc9440', verified: { header: 'X-Verify', value: 'SUCCESS' }, ...trusted },
        '/underscore': { header: 'ssl_client_cert', format: 'rfc9440', ...trusted }
      },
      boundTo: rfc9440['x5t#S256'],
      server: { trustProxy: true }
    })
  })
  after(() => guarded.close())

  async function send (path: string, ...lines: FieldLine[]) {
    const token = `token-${tokens++}`
    const { status } = await rawExchange({ port: guarded.port }, requestText(path, [['Authorization', `Bearer ${token}`], ...lines]))
    const reason = guarded.decisions.at(-1)?.reason
    assert.equal(guarded.asked().includes(token), status === 200, 'calls')
    return [status, reason]
  }

  const good = [200, null]
  const missing = [401, 'certificate_missing']
  const untrusted = [401, 'certificate_source_untrusted']
  const ambiguous = [401, 'certificate_ambiguous']

  it('as a measure: the proxy\'s own word is taken', async () => {
    assert.deepEqual(await send('/', own), good)
    assert.deepEqual(await send('/verified', own, verdict), good)
    assert.deepEqual(await send('/underscore', ['ssl_client_cert', value]), good)
  })

  it('S-1, C7, 91: from a peer outside trustedProxies, whatever address it claims', async () => {
    for (const claim of [['X-Forwarded-For', '10.0.0.1'], ['X-Real-IP', '10.0.0.1'], ['Forwarded', 'for=10.0.0.1'], ['X-Forwarded-For', '10.0.0.1, 10.0.0.2']] as const) {
      assert.deepEqual(await send('/elsewhere', own, claim), untrusted)
    }
    assert.deepEqual(await send('/elsewhere', own), untrusted)
    assert.deepEqual(await send('/elsewhere', ['Client-Cert', '']), untrusted)
  })

  it('S-1, C8, 108: under the name that another product uses', async () => {
    for (const name of ['X-SSL-Cert', 'X-Client-Cert', 'SSL-Client-Cert', 'X-Forwarded-Client-Cert', 'X-Forwarded-Tls-Client-Cert', 'X-ARR-ClientCert', 'Client-Cert-Chain']) {
      assert.deepEqual(await send('/', [name, value]), missing, name)
    }
  })

  it('S-2, C9: under an alias of the name, alone or beside it', async () => {
    for (const name of ['Client_Cert', 'client_cert', 'CLIENT_CERT', 'Client.Cert', 'Client+Cert', 'Client~Cert']) {
      assert.deepEqual(await send('/', [name, value]), ambiguous, name)
      assert.deepEqual(await send('/', own, [name, value]), ambiguous, name)
      assert.deepEqual(await send('/', [name, ''], own), ambiguous, name)
    }
    assert.deepEqual(await send('/underscore', ['ssl-client-cert', value]), ambiguous)
    assert.deepEqual(await send('/underscore', ['ssl_client_cert', value], ['ssl-client_cert', other]), ambiguous)
  })

  it('S-2: a verdict under an alias', async () => {
    assert.deepEqual(await send('/verified', own, ['X_Verify', 'SUCCESS']), ambiguous)
    assert.deepEqual(await send('/verified', own, ['X_Verify', 'SUCCESS'], verdict), ambiguous)
  })

  it('S-3, C44: in a trailer', async () => {
    const token = `token-${tokens++}`
    const response = await rawExchange({ port: guarded.port }, `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nTrailer: Client-Cert\r\n` +
      `Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\nClient-Cert: ${value}\r\n\r\n`)
    assert.equal(response.status, 401)
    assert.equal(guarded.decisions.at(-1)?.reason, 'certificate_missing')
    assert.ok(!guarded.asked().includes(token))
  })

  it('S-4, C44: named by Connection, so that some hop may have taken away the proxy\'s', async () => {
    for (const list of ['Client-Cert', 'client-cert', 'close, Client-Cert', 'CLIENT-CERT,close', 'close,\tClient-Cert ', ',,Client-Cert,', 'Client_Cert']) {
      assert.deepEqual(await send('/', own, ['Connection', list]), ambiguous, list)
      assert.deepEqual(await send('/', ['Connection', list]), ambiguous, list)
    }
    assert.deepEqual(await send('/', own, ['Connection', 'close'], ['connection', 'Client-Cert']), ambiguous)
    assert.deepEqual(await send('/verified', own, verdict, ['Connection', 'X-Verify']), ambiguous)
    assert.deepEqual(await send('/', own, ['Connection', 'X-Verify, Upgrade-Insecure-Requests']), good)
    assert.deepEqual(await send('/', own, ['Connection', 'Authorization']), [400, 'token_malformed'])
  })

  it('S-5, C4, C5, C43, 95: in two lines, whichever comes first, in any case, also when they are equal or one is empty', async () => {
    for (const second of [value, other, '', '(null)', 'garbage']) {
      for (const name of ['Client-Cert', 'client-cert', 'CLIENT-CERT']) {
        assert.deepEqual(await send('/', own, [name, second]), ambiguous)
        assert.deepEqual(await send('/', [name, second], ['X-Between', 'x'], own), ambiguous)
      }
    }
  })

  it('S-6: beside a verdict of the client\'s own', async () => {
    assert.deepEqual(await send('/verified', own), [401, 'certificate_unverified'])
    assert.deepEqual(await send('/verified', own, ['X-Verify', 'FAILED:x'], verdict), ambiguous)
    assert.deepEqual(await send('/verified', own, verdict, ['x-verify', 'FAILED:x']), ambiguous)
  })

  it('folded over lines, with a bare line feed, or with a space before the colon: Node refuses it', async () => {
    for (const line of [`Client-Cert:\r\n ${value}`, `X: a\r\n\tb\r\nClient-Cert: ${value}`, `X: a\nClient-Cert: ${value}`, `Client-Cert : ${value}`, `Client-Cert: ${value}\0`]) {
      const { status } = await rawExchange({ port: guarded.port }, `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer refused-by-node\r\n${line}\r\nConnection: close\r\n\r\n`)
      assert.equal(status, 400, JSON.stringify(line.slice(0, 30)))
    }
    assert.ok(!guarded.asked().includes('refused-by-node'))
  })
})

describe('a certificate header that is too large', () => {
  const lines: FieldLine[] = [['Authorization', 'Bearer a-token'], ['Client-Cert', `:${'A'.repeat(17_000)}:`]]

  it('S-14, C28, 105: Node answers 431 above 16 KiB', async () => {
    const guarded = await startGuardedApp({ certificate: { preset: 'rfc9440', ...trusted }, boundTo: '' })
    const { status } = await rawExchange({ port: guarded.port }, requestText('/', lines))
    await guarded.close()
    assert.deepEqual([status, guarded.asked()], [431, []])
  })

  it('S-14: where Node lets it through, maxBytes refuses it', async () => {
    const guarded = await startGuardedApp({ certificate: { preset: 'rfc9440', ...trusted }, boundTo: '', server: { http: { maxHeaderSize: 65_536 } } })
    const { status } = await rawExchange({ port: guarded.port }, requestText('/', lines))
    await guarded.close()
    assert.deepEqual([status, guarded.decisions.at(-1)?.reason, guarded.asked()], [401, 'certificate_too_large', []])
  })
})
