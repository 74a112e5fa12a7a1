// What went wrong once with keys, metadata and JWTs.
import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { CompactEncrypt, SignJWT } from 'jose'
import { seal, unseal } from '../../lib/seal.ts'
import { compileIssuer } from '../../lib/token/compile.ts'
import { compileJwt } from '../../lib/token/compile-jwt.ts'
import { judgePhantom } from '../../lib/token/introspection-jwt.ts'
import { agreedClaims } from '../../lib/token/agreement.ts'
import { readClaims, type TokenRecord } from '../../lib/access-token.ts'
import { sharedLists } from '../../lib/shared-lists.ts'
import { tlsMaterial } from '../../lib/tls-material.ts'
import type { IssuerOptions, JwtOptions } from '../../types/options.ts'
import { createClientCertificate } from '../../examples/demo/pki.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { refused } from '../token/refused.ts'

const issuer = jwtIssuer()
const pem = (key: KeyObject): string => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }) as string
const compile = async (jwt: JwtOptions) => await compileIssuer({ issuer: issuer.issuer, audience: 'https://api.example.com', jwt }, 'issuer', () => {})

async function stops (jwt: JwtOptions, message: RegExp): Promise<void> {
  await assert.rejects(compile(jwt), (error: Error & { code: string }) => error.code === 'FST_BOUND_TOKEN_OPTIONS' && message.test(error.message))
}

test('an RSASSA-PSS key stops the boot by name', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
  await stops({ keys: [{ pem: pem(publicKey) }] }, /^issuer\.jwt\.keys\[0\]: found an RSASSA-PSS key, which/)
  const introspection = { endpoint: 'https://login.example.com/i', clientAuth: { method: 'private_key_jwt' as const, clientId: 'api', key: { pem: pem(privateKey) } } }
  await assert.rejects(compileIssuer({ issuer: issuer.issuer, audience: 'a', introspection }, 'issuer', () => {}), /clientAuth\.key: found an RSASSA-PSS key, which/)
})

test('a private key where a public one belongs stops the boot', async () => {
  const jwk = { ...issuer.privateKey.export({ format: 'jwk' }), kty: 'EC' }
  for (const jwt of [{ jwks: { keys: [jwk] } }, { keys: [{ jwk }] }]) await stops(jwt, /found a private key where a public one belongs/)
  await stops({ keys: [{ pem: pem(issuer.privateKey) }] }, /\.pem: found PEM that says PRIVATE KEY; allowed: a public key or a certificate in PEM; \{ file \} for a path$/)
})

test('an RSA key with an even modulus stops the boot, also in PEM', async () => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const modulus = Buffer.from(jwk.n as string, 'base64url')
  modulus[modulus.length - 1] = (modulus.at(-1) as number) & 0xfe
  const even = createPublicKey({ key: { ...jwk, n: modulus.toString('base64url') }, format: 'jwk' })
  await stops({ keys: [{ pem: pem(even) }] }, /found an RSA key with an even modulus/)
})

test('the type of another kind of JWT can\'t be configured', async () => {
  for (const typ of ['dpop+jwt', 'application/Logout+JWT', ['at+jwt', 'secevent+jwt']]) await stops({ jwks: issuer.jwks, typ }, /^issuer\.jwt\.typ: found ".*", which is another kind of JWT/)
})

test('a key for `dir` may name the content encryption, and then is for no other', async () => {
  const key = createSecretKey(randomBytes(32))
  const jwk = { ...key.export({ format: 'jwk' }), kty: 'oct', alg: 'A256GCM' }
  const compiled = await compile({ jwks: issuer.jwks, decryption: { keys: [{ jwk }], keyManagementAlgorithms: ['dir'] } })
  const encrypt = async (enc: string): Promise<string> =>
    await new CompactEncrypt(Buffer.from(await issuer.issue())).setProtectedHeader({ alg: 'dir', enc }).encrypt(key)
  assert.equal((await compiled.jwt?.resolve(await encrypt('A256GCM')))?.record?.claims.sub, 'alice')
  await refused('token_invalid', (compiled.jwt as NonNullable<typeof compiled.jwt>).resolve(await encrypt('A128CBC-HS256')))
})

test('a key that never could decrypt stops the boot', async () => {
  const short = { kty: 'oct', k: 'AA' }
  await stops({ jwks: issuer.jwks, decryption: { keys: [{ jwk: short }], keyManagementAlgorithms: ['dir'] } }, /, which fits none of the algorithms; allowed: a key for /)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  await stops({ jwks: issuer.jwks, decryption: { keys: [{ pem: pem(privateKey) }], keyManagementAlgorithms: ['ECDH-ES'] } }, /, which fits none of the algorithms; allowed: a key for /)
})

test('a required claim that is null or empty is not there', async () => {
  const { jwt } = await compile({ jwks: issuer.jwks, requiredClaims: ['tenant'] })
  for (const tenant of [undefined, null, '']) await refused('token_invalid', (jwt as NonNullable<typeof jwt>).resolve(await issuer.issue({ tenant })))
  assert.ok((await jwt?.resolve(await issuer.issue({ tenant: 'acme' })))?.record)
})

test('a seal whose tag was cut is none', () => {
  assert.throws(() => unseal(seal('', 'token').subarray(0, 16), 'token'))
})

test('`both`: what the answer says of the type of the token counts', () => {
  const name = { name: 'i', audience: null }
  const [signed, answered] = [{ token_type: 'Bearer' }, { active: true, token_type: 'DPoP' }].map((claims) => readClaims(claims, name, sharedLists()) as TokenRecord)
  assert.equal(agreedClaims(signed as TokenRecord, answered as TokenRecord)['token_type'], 'DPoP')
})

test('a client certificate that is cut short, empty or out of reach keeps the old one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const files = { certificate: { file: join(folder, 'cert.pem') }, key: { file: join(folder, 'key.pem') } }
  const pair = await createClientCertificate('api')
  const restore = (): void => {
    writeFileSync(files.certificate.file, pair.certificate)
    writeFileSync(files.key.file, pair.key)
  }
  restore()
  const troubles: string[] = []
  const material = await tlsMaterial(files, 'tls', (detail) => { troubles.push(detail) })
  const before = material.current()
  const changes: Array<() => void> = [
    () => { writeFileSync(files.certificate.file, '') },
    () => { writeFileSync(files.key.file, '') },
    () => { for (const { file } of Object.values(files)) writeFileSync(file, '') },
    () => { unlinkSync(files.certificate.file) },
    () => {
      unlinkSync(files.certificate.file)
      symlinkSync(files.certificate.file, files.certificate.file)
    }
  ]
  for (const change of changes) {
    change()
    t.mock.timers.setTime(Date.now() + 1000)
    assert.equal(material.current(), before, String(change))
    rmSync(files.certificate.file, { force: true })
    restore()
    t.mock.timers.setTime(Date.now() + 1000)
    assert.equal(material.current(), before)
  }
  assert.ok(troubles.length >= 3)
})

test('a phantom token that is answered with an encrypted JWT goes upstream as the JWT inside', async () => {
  const key = createSecretKey(randomBytes(32))
  const decryption = { keys: [{ jwk: { ...key.export({ format: 'jwk' }), kty: 'oct' } }], keyManagementAlgorithms: ['dir' as const] }
  const rules = await compileJwt({ name: issuer.issuer, audience: null }, { jwks: issuer.jwks, decryption }, 'jwt', () => assert.fail('no remote keys'), () => {})
  const inner = await issuer.issue()
  const body = Buffer.from(await new CompactEncrypt(Buffer.from(inner)).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key))
  const answered = { status: 200, contentType: 'application/jwt', contentEncoding: '', retryAfter: '', cacheControl: '', age: '', body }
  const { record } = await judgePhantom(answered, 'opaque', rules)
  assert.equal(unseal(record?.jwt as Buffer, 'opaque'), inner)
})

test('a bearer token of our own that is none stops the boot', async () => {
  const introspection = { endpoint: 'https://login.example.com/i', clientAuth: { method: 'bearer' as const, token: 'a\r\nb: c' } }
  await assert.rejects(compileIssuer({ issuer: issuer.issuer, audience: 'a', introspection }, 'issuer', () => {}), /clientAuth\.token: found something that is no bearer token/)
})

test('a boot that stops leaves no key set behind that goes on asking', async (t) => {
  const server = await startDouble(json(issuer.jwks))
  t.after(() => server.close())
  t.mock.timers.enable({ apis: ['setInterval'] })
  const jwt = { jwksUri: `${server.origin}/jwks`, decryption: { keys: [{ pem: 'none' }], keyManagementAlgorithms: ['RSA-OAEP-256' as const] } }
  const told: string[] = []
  await assert.rejects(compileIssuer({ issuer: issuer.issuer, audience: 'a', allowInsecureLoopback: true, jwt }, 'issuer', (_level, _issuer, detail) => { told.push(detail) }))
  t.mock.timers.tick(3_600_000)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([told, server.calls.length], [[], 0])
})

async function withMetadata (t: TestContext, said: (origin: string) => object, more: Partial<IssuerOptions> = {}) {
  const server = await startDouble(() => {})
  server.behave((call, response) => {
    json(call.url.startsWith('/.well-known/') ? { issuer: server.origin, jwks_uri: `${server.origin}/jwks`, ...said(server.origin) } : issuer.jwks)(call, response)
  })
  t.after(() => server.close())
  const compiled = await compileIssuer({ issuer: server.origin, audience: 'https://api.example.com', allowInsecureLoopback: true, ...more }, 'issuer', () => {})
  t.after(() => compiled.close())
  return compiled
}

test('metadata that are not wanted are not judged', async (t) => {
  for (const endpoint of [null, 'https://elsewhere.example.com/introspect', 'http://127.0.0.1:1/', 7]) {
    await withMetadata(t, () => ({ introspection_endpoint: endpoint, mtls_endpoint_aliases: { introspection_endpoint: endpoint } }))
  }
})

test('a JWT that was maimed into another shape is not asked for as an opaque token', async (t) => {
  let calls = 0
  const server = await startDouble((call, response) => {
    calls++
    json({ active: true })(call, response)
  })
  t.after(() => server.close())
  const { dispatcher } = await import('../../lib/token/dispatch.ts')
  const introspection = { endpoint: `${server.origin}/i`, clientAuth: { method: 'none' as const } }
  const compiled = await compileIssuer({ ...issuer.options(), allowInsecureLoopback: true, introspection }, 'issuer', () => {})
  t.after(() => compiled.close())
  const tokens = dispatcher([compiled])
  const good = await issuer.issue()
  const odd = await new SignJWT({}).setProtectedHeader({ kid: 'a', jwk: { kty: 'oct' } as never, alg: 'ES256' }).sign(issuer.privateKey)
  const [header, payload] = good.split('.')
  for (const maimed of [good.replace('.', ''), `${header}.${payload}`, `${good}.`, `${good}.x`, `${good}.a.b.c`, good.replaceAll('.', '~'), odd.replace('.', ''), `${header}`]) {
    await refused('token_invalid', tokens.resolve(maimed))
  }
  assert.equal(calls, 0)
  await tokens.resolve('opaque.token')
  await tokens.resolve('eyes-of-the-world')
  assert.equal(calls, 2)
})
