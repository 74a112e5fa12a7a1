// Keys, secrets and authorities that stand in files are read again when these change; a bad new file keeps the old one and says so.
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, beforeEach, afterEach, mock, test, type TestContext } from 'node:test'
import { CompactEncrypt, decodeProtectedHeader } from 'jose'
import type { IssuerOptions } from '../../lib/options.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { startGateway } from '../upstream/gateway.ts'
import { createAuthority, type CertificateAuthority } from './certificate-authority.ts'
import { replace } from './certificate-files.ts'
import { issuerAt } from './issuer-at.ts'
import { valuesOf } from './read-form.ts'

let ours: CertificateAuthority
let another: CertificateAuthority
before(async () => {
  ours = await createAuthority('ours')
  another = await createAuthority('another')
})
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }))
afterEach(() => mock.timers.reset())

const pass = (milliseconds: number): void => mock.timers.setTime(Date.now() + milliseconds)

function fileWith (t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'renewed-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), text)
  return join(folder, 'file')
}

/** The clock goes on, past the next look at the files. */
function write (file: string, text: string): void {
  replace(file, text)
  pass(1000)
}

const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString()

async function asked (t: TestContext, clientAuth: NonNullable<IssuerOptions['introspection']>['clientAuth']) {
  const server = await startDouble(json({ active: false }))
  t.after(() => server.close())
  const { introspect, reports } = await issuerAt(t, 'https://login.example.com', { introspection: { endpoint: `${server.origin}/introspect`, clientAuth } })
  return {
    reports,
    async next () {
      assert.equal(await introspect(crypto.randomUUID()), 'inactive')
      return server.calls.at(-1) as NonNullable<typeof server.calls[0]>
    }
  }
}

test('the client secret: the new one is sent, and an empty file changes nothing', async (t) => {
  const file = fileWith(t, 'first-secret\n')
  const { next, reports } = await asked(t, { method: 'client_secret_post', clientId: 'api', clientSecret: { file } })
  const sent = async (): Promise<string[]> => valuesOf((await next()).body, 'client_secret')
  assert.deepEqual(await sent(), ['first-secret'])
  write(file, 'second-secret\n')
  assert.deepEqual(await sent(), ['second-secret'])
  write(file, '\n')
  assert.deepEqual(await sent(), ['second-secret'])
  pass(1000)
  assert.deepEqual(await sent(), ['second-secret'])
  assert.equal(reports.length, 1)
  assert.match(reports[0] as string, /^warn https:\/\/login\.example\.com the new client credentials are not used: options\.issuers\[0\]\.introspection\.clientAuth\.clientSecret: found an empty secret/)
  unlinkSync(file)
  pass(1000)
  assert.deepEqual(await sent(), ['second-secret'])
  assert.equal(reports.length, 2)
})

test('calls that come together after a change wait for one reading, and none goes out with the old one', async (t) => {
  const file = fileWith(t, 'first-secret')
  const { next } = await asked(t, { method: 'client_secret_post', clientId: 'api', clientSecret: { file } })
  await next()
  write(file, 'second-secret')
  const calls = await Promise.all(Array.from({ length: 20 }, next))
  for (const { body } of calls) assert.deepEqual(valuesOf(body, 'client_secret'), ['second-secret'])
})

test('the private key of assertions', async (t) => {
  const [first, second] = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ed25519')]
  const file = fileWith(t, pemOf(first.privateKey))
  const { next, reports } = await asked(t, { method: 'private_key_jwt', clientId: 'api', key: { pem: { file } } })
  const algorithm = async (): Promise<unknown> => decodeProtectedHeader(valuesOf((await next()).body, 'client_assertion')[0] as string).alg
  assert.equal(await algorithm(), 'ES256')
  write(file, 'no key')
  assert.equal(await algorithm(), 'ES256')
  assert.match(reports.join(), /^warn https:\/\/login\.example\.com the new client credentials are not used: .*\.key\.pem: found text that is no PEM/)
  write(file, pemOf(second.privateKey))
  assert.match(String(await algorithm()), /^(?:EdDSA|Ed25519)$/)
})

test('our own access token', async (t) => {
  const file = fileWith(t, 'first.token')
  const { next } = await asked(t, { method: 'bearer', token: { file } })
  assert.equal((await next()).headers.authorization, 'Bearer first.token')
  write(file, 'second.token')
  assert.equal((await next()).headers.authorization, 'Bearer second.token')
  write(file, 'not a token')
  assert.equal((await next()).headers.authorization, 'Bearer second.token')
})

const setOf = (...issuers: ReadonlyArray<ReturnType<typeof jwtIssuer>>): string => JSON.stringify({ keys: issuers.flatMap(({ jwks }) => jwks.keys) })

test('a JWK set: tokens of a new key are taken, those of one that is gone are not, also when they are known', async (t) => {
  const [first, second] = [jwtIssuer(undefined, 'a'), jwtIssuer(undefined, 'b')]
  const file = fileWith(t, setOf(first))
  const { issuer, jwt, reports } = await issuerAt(t, first.issuer, { audience: 'https://api.example.com', jwt: { jwks: { file } } })
  const [old, next] = [await first.issue(), await second.issue()]
  const resolved = await issuer.jwt?.resolve(old)
  assert.deepEqual([await jwt(old), await jwt(next)], ['verified', 'token_invalid'])
  write(file, setOf(first, second))
  assert.deepEqual([await jwt(old), await jwt(next)], ['verified', 'verified'])
  assert.equal(resolved?.key?.isRetired, false, 'what was proved with it counts on')
  write(file, setOf(second))
  assert.deepEqual([await jwt(old), await jwt(next)], ['token_invalid', 'verified'])
  assert.equal(resolved?.key?.isRetired, true, 'what was proved with it counts no more')
  for (const bad of ['{}', '{"keys":[]}', 'no JSON', JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] })]) {
    write(file, bad)
    assert.deepEqual([await jwt(old), await jwt(next)], ['token_invalid', 'verified'], bad)
  }
  assert.equal(reports.length, 4)
  for (const report of reports) assert.match(report, /^warn https:\/\/login\.example\.com the new keys are not used: options\.issuers\[0\]\.jwt\.jwks/)
  write(file, setOf(first))
  assert.deepEqual([await jwt(old), await jwt(next)], ['verified', 'token_invalid'])
})

test('keys for decryption', async (t) => {
  const { issue, issuer: name, jwks } = jwtIssuer()
  const [first, second] = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('rsa', { modulusLength: 2048 })]
  const file = fileWith(t, pemOf(first.privateKey))
  const { jwt, reports } = await issuerAt(t, name, { audience: 'https://api.example.com', jwt: { jwks, decryption: { keys: [{ pem: { file } }], keyManagementAlgorithms: ['RSA-OAEP-256'] } } })
  const encrypted = async (key: KeyObject): Promise<string> => await new CompactEncrypt(Buffer.from(await issue())).setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' }).encrypt(key)
  const read = async (): Promise<string[]> => [await jwt(await encrypted(first.publicKey)), await jwt(await encrypted(second.publicKey))]
  assert.deepEqual(await read(), ['verified', 'token_invalid'])
  write(file, pemOf(second.privateKey))
  assert.deepEqual(await read(), ['token_invalid', 'verified'])
  write(file, pemOf(second.publicKey))
  assert.deepEqual(await read(), ['token_invalid', 'verified'])
  assert.match(reports.join(), /the new keys are not used: options\.issuers\[0\]\.jwt\.decryption\.keys\[0\]\.pem: found PEM that says PUBLIC KEY/)
})

test('S-9: the authorities of the authorization server', async (t) => {
  const server = await startDouble(json({ active: false }), await ours.issue('127.0.0.1'))
  t.after(() => server.close())
  const file = fileWith(t, another.ca)
  const introspection = { endpoint: `${server.origin}/introspect`, clientAuth: { method: 'none' as const, clientId: 'api' } }
  const { introspect, reports } = await issuerAt(t, 'https://login.example.com', { introspection, tls: { ca: { file } } })
  assert.equal(await introspect('a'), 'issuer_unavailable')
  write(file, ours.ca)
  // Past what the breaker remembers.
  pass(60_000)
  assert.equal(await introspect('b'), 'inactive')
  for (const bad of ['', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
    write(file, bad)
    assert.equal(await introspect(bad.length.toString()), 'inactive', 'the old ones are believed')
  }
  assert.deepEqual(reports.map((report) => report.replace(/; allowed.*/, '')), [
    'warn https://login.example.com the new CA file is not used: options.issuers[0].tls.ca: found no PEM certificate',
    'warn https://login.example.com the new CA file is not used: options.issuers[0].tls.ca: found PEM that is no certificate'
  ])
})

test('S-31: the authorities of an upstream', async (t) => {
  const upstream = await startDouble(json({ from: 'upstream' }), await ours.issue('127.0.0.1'))
  t.after(() => upstream.close())
  const file = fileWith(t, another.ca)
  const { send } = await startGateway(t, { upstream: { url: upstream.origin, tls: { ca: { file } } } })
  assert.equal((await send()).status, 502)
  write(file, ours.ca)
  assert.equal((await send()).status, 200)
  write(file, 'no certificate')
  assert.equal((await send()).status, 200)
})
