import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { trustedPeers, type TrustedPeers } from '../../lib/certificate/trusted-proxy.ts'
import { OptionsError } from '../../lib/errors.ts'
import type { TrustedProxy } from '../../lib/options.ts'
import { replace } from '../token/certificate-files.ts'
import { createCertificate, type TestCertificate } from './certificates.ts'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { socketFrom } from './inbound.ts'
import { rawExchange, requestText } from './raw-exchange.ts'

const secret = 'harmless-secret-of-a-test-0123456789'
const other = 'another-harmless-secret-of-a-test-01'
const secretHeader = { name: 'X-Proxy-Secret', value: secret }
const [near, far] = ['10.0.0.5', '192.0.2.1']

async function peersOf (entries: readonly TrustedProxy[], onTrouble: (detail: string) => void = () => {}): Promise<TrustedPeers> {
  const peers = trustedPeers(entries, 'trustedProxies', { server: null, onTrouble })
  await peers.ready()
  return peers
}

function fileWith (t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-secret-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'secret'), text)
  return join(folder, 'secret')
}

describe('a proxy that proves itself by a secret', () => {
  const wrong = ['', ' ', secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), ` ${secret}`, `${secret},${secret}`, other, 'x'.repeat(10_000), '\u00e9', '\0']

  it('is trusted with it, from wherever it comes, and nobody is without it', async () => {
    const { isTrusted, secretHeader: header } = await peersOf([{ secretHeader }])
    assert.equal(header, 'X-Proxy-Secret')
    for (const address of [near, far, '::1']) {
      const socket = socketFrom(address)
      assert.equal(isTrusted(socket, secret), true)
      for (const value of [undefined, ...wrong]) assert.equal(isTrusted(socket, value), false, value)
      assert.equal(isTrusted(socket, secret), true, 'one socket, several requests')
    }
  })

  it('is not trusted before the secret is known', () => {
    const { isTrusted } = trustedPeers([{ secretHeader }], 'trustedProxies')
    assert.equal(isTrusted(socketFrom(near), secret), false)
    assert.equal(isTrusted(socketFrom(near), ''), false)
  })

  it('all members of an entry must hold', async () => {
    const { isTrusted } = await peersOf([{ secretHeader, addresses: ['10.0.0.0/8', 'unix'] }])
    const table = [[near, secret, true], [near, other, false], [near, undefined, false], [far, secret, false], [far, undefined, false]] as const
    for (const [address, value, expected] of table) assert.equal(isTrusted(socketFrom(address), value), expected, `${address} ${value}`)
  })

  it('any one of the entries is enough', async () => {
    const { isTrusted } = await peersOf([far, { secretHeader, addresses: [near] }, { secretHeader: { ...secretHeader, name: 'x-proxy-SECRET', value: other }, addresses: ['::1'] }])
    const table = [[far, undefined, true], [far, 'x', true], [near, secret, true], [near, other, false], ['::1', other, true], ['::1', secret, false], ['10.0.0.6', secret, false]] as const
    for (const [address, value, expected] of table) assert.equal(isTrusted(socketFrom(address), value), expected, `${address} ${value}`)
  })

  it('two secrets are good at once, so that one can follow the other', async () => {
    const { isTrusted } = await peersOf([{ secretHeader }, { secretHeader: { ...secretHeader, value: other } }])
    assert.deepEqual([secret, other, `${secret}${other}`, ''].map((value) => isTrusted(socketFrom(far), value)), [true, true, false, false])
  })

  it('a file is read again when it changes; a bad new one keeps the old one and says so', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const pass = (milliseconds: number): void => { t.mock.timers.setTime(Date.now() + milliseconds) }
    const file = fileWith(t, `${secret}\n`)
    const troubles: string[] = []
    const { isTrusted } = await peersOf([{ secretHeader: { name: 'x-secret', value: { file } } }], (detail) => { troubles.push(detail) })
    const socket = socketFrom(far)
    const areTrusted = (): boolean[] => [secret, other].map((value) => isTrusted(socket, value))
    assert.deepEqual(areTrusted(), [true, false])
    replace(file, other)
    pass(999)
    assert.deepEqual(areTrusted(), [true, false], 'looked at once a second')
    pass(1)
    assert.deepEqual(areTrusted(), [false, true], 'on the same socket')
    for (const [index, text] of ['short', '', `${secret} with a space`, null].entries()) {
      if (text === null) unlinkSync(file)
      else replace(file, text)
      pass(1000)
      assert.deepEqual(areTrusted(), [false, true], String(text))
      pass(1000)
      assert.deepEqual(areTrusted(), [false, true], String(text))
      assert.equal(troubles.length, index + 1, 'once for each change')
    }
    assert.match(troubles.join('\n'), /^the new file is not used: trustedProxies\[0\]\.secretHeader\.value: found a secret of 5 characters; allowed: at least 32 characters of visible ASCII$/m)
    assert.ok(!troubles.some((each) => each.includes(secret)))
    replace(file, secret)
    pass(1000)
    assert.deepEqual(areTrusted(), [true, false])
  })

  const stops: ReadonlyArray<readonly [what: string, entries: readonly TrustedProxy[], message: RegExp]> = [
    ['a short secret', [{ secretHeader: { name: 'x-secret', value: 'x'.repeat(31) } }], /^trustedProxies\[0\]\.secretHeader\.value: found a secret of 31 characters; allowed: at least 32/],
    ['a secret that no header can hold', [far, { secretHeader: { name: 'x-secret', value: `${secret}\u00e9` } }], /^trustedProxies\[1\]\.secretHeader\.value: found a secret with white space or non-ASCII/],
    ['a variable that is not set', [{ secretHeader: { name: 'x-secret', value: { env: 'NO_SUCH_VARIABLE' } } }], /the environment variable NO_SUCH_VARIABLE is not set$/],
    ['S-9: a file that is not there', [{ secretHeader: { name: 'x-secret', value: { file: '/no/such/file' } } }], /cannot read \/no\/such\/file \(ENOENT\)$/],
    ['two names', [{ secretHeader }, { secretHeader: { name: 'x-other', value: other } }], /^trustedProxies: found two names of headers with a secret; allowed: one name/],
    ['an empty object', [{}], /^trustedProxies\[0\]: found an empty object; allowed: addresses, clientCertificate, secretHeader/],
    ['a wrong address', [{ secretHeader, addresses: ['localhost'] }], /^trustedProxies\[0\]\.addresses\[0\]: found "localhost"; allowed: an IP address/]
  ]
  for (const [what, entries, message] of stops) {
    it(`${what} stops the boot`, async () => {
      await assert.rejects(async () => await peersOf(entries), (error: Error) => {
        assert.ok(error instanceof OptionsError)
        assert.match(error.message, message)
        assert.ok(!error.message.includes(secret))
        return true
      })
    })
  }

  it('its header can be none that something else is read from', () => {
    for (const name of ['X_Cert', 'x-verify', 'Authorization', 'connection']) {
      const options = { header: 'x-cert', format: 'pem', verified: { header: 'x-verify', value: '1' }, trustedProxies: [{ secretHeader: { name, value: secret } }] } as const
      assert.throws(() => compileCertificateSource(options as never, 'certificate'), { message: /^certificate\.trustedProxies\.secretHeader\.name: found/ }, name)
    }
  })
})

describe('a secret on the wire', () => {
  let client: TestCertificate
  let guarded: GuardedApp
  before(async () => {
    client = await createCertificate()
    guarded = await startGuardedApp({
      certificate: { header: 'x-cert', format: 'base64-der', trustedProxies: [{ addresses: ['127.0.0.1'], secretHeader }] },
      // Of a route: its secret comes later than the route itself.
      routes: { '/own': { header: 'x-cert', format: 'base64-der', trustedProxies: [{ secretHeader: { name: 'X-Own', value: async () => other } }] } },
      boundTo: client.thumbprint
    })
  })
  after(() => guarded.close())

  async function visit (path: string, ...lines: Array<readonly [string, string]>): Promise<string | number> {
    const request = requestText(path, [['Authorization', `Bearer ${crypto.randomUUID()}`], ['X-Cert', client.der.toString('base64')], ...lines])
    const { status } = await rawExchange({ port: guarded.port, host: '127.0.0.1' }, request)
    return status === 200 ? 200 : guarded.decisions.at(-1)?.reason ?? status
  }

  it('lets in with it, in any case of the name', async () => {
    assert.equal(await visit('/', ['X-Proxy-Secret', secret]), 200)
    assert.equal(await visit('/', ['x-proxy-secret', secret]), 200)
    assert.equal(await visit('/own', ['X-Own', other]), 200)
  })

  it('S-1: a certificate without it, or with another one, is nobody\'s', async () => {
    assert.equal(await visit('/'), 'certificate_source_untrusted')
    assert.equal(await visit('/', ['X-Proxy-Secret', other]), 'certificate_source_untrusted')
    assert.equal(await visit('/', ['X-Own', other]), 'certificate_source_untrusted')
    assert.equal(await visit('/own', ['X-Proxy-Secret', secret]), 'certificate_source_untrusted')
  })

  it('S-2, S-4, S-5: repeated, under an alias, or named by Connection, it is refused', async () => {
    assert.equal(await visit('/', ['X-Proxy-Secret', secret], ['X-Proxy-Secret', secret]), 'certificate_ambiguous')
    assert.equal(await visit('/', ['X_Proxy_Secret', secret]), 'certificate_ambiguous')
    assert.equal(await visit('/', ['X-Proxy-Secret', secret], ['Connection', 'x-proxy-secret']), 'certificate_ambiguous')
  })

  it('S-38: stands in no log line', () => {
    assert.ok(guarded.logged.length > 5)
    for (const line of guarded.logged) assert.ok(!line.includes(secret) && !line.includes(other))
  })
})
