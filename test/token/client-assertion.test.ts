// Who we are, on the wire: assertions (RFC 7523), certificates (RFC 8705 section 2), an access token of our own, nothing.
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { before, test, type TestContext } from 'node:test'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import type { IssuerOptions } from '../../lib/options.ts'
import { hang, json, startDouble, type Call } from '../doubles/authorization-server.ts'
import { createAuthority, type CertificateAuthority } from './certificate-authority.ts'
import { readForm, valuesOf } from './read-form.ts'
import { refused } from './refused.ts'
import { compiled } from './resolver-at.ts'

type ClientAuth = NonNullable<IssuerOptions['introspection']>['clientAuth']

const issuer = 'https://login.example.com/tenant'
const clientSecret = 'a secret of the client, 32 bytes or more'
const path = 'options.issuers[0]'
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = ec.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
let authority: CertificateAuthority
before(async () => { authority = await createAuthority('ours') })

function options (clientAuth: ClientAuth, endpoint = 'https://login.example.com/introspect', more: Partial<IssuerOptions> = {}): IssuerOptions {
  return { issuer, audience: 'rs', allowInsecureLoopback: true, introspection: { endpoint, clientAuth }, ...more }
}

/** What the server saw of some calls. */
async function callsWith (t: TestContext, clientAuth: ClientAuth, count = 1): Promise<Call[]> {
  const server = await startDouble(json({ active: false }))
  t.after(() => server.close())
  const resolver = await compiled(options(clientAuth, `${server.origin}/introspect`), path)
  t.after(() => resolver.close())
  for (let i = 0; i < count; i++) assert.equal(await resolver.record(`token-${i}`), null)
  return server.calls
}

const wire = ({ url, body, rawHeaders }: Call): string => `${url} ${decodeURIComponent(body)} ${rawHeaders.join(' ')}`

async function readAssertion ({ body }: Call, key: Parameters<typeof jwtVerify>[1]) {
  const [assertion = ''] = valuesOf(body, 'client_assertion')
  assert.deepEqual(valuesOf(body, 'client_assertion_type'), ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'])
  assert.deepEqual(valuesOf(body, 'client_id'), ['api'])
  const { payload } = await jwtVerify(assertion, key)
  return { header: decodeProtectedHeader(assertion), payload }
}

const assertions: Record<string, { clientAuth: ClientAuth, key: Parameters<typeof jwtVerify>[1], header: object }> = {
  client_secret_jwt: { clientAuth: { method: 'client_secret_jwt', clientId: 'api', clientSecret }, key: createSecretKey(Buffer.from(clientSecret)), header: { alg: 'HS256' } },
  private_key_jwt: { clientAuth: { method: 'private_key_jwt', clientId: 'api', key: { pem, kid: 'k1' } }, key: ec.publicKey, header: { alg: 'ES256', kid: 'k1' } }
}

for (const [method, { clientAuth, key, header }] of Object.entries(assertions)) {
  test(`38: ${method}: an assertion about us, for the issuer, fresh on each call, soon over, and no secret`, async (t) => {
    const calls = await callsWith(t, clientAuth, 3)
    const identifiers = new Set<unknown>()
    for (const call of calls) {
      const read = await readAssertion(call, key)
      assert.deepEqual(read.header, header)
      const { iss, sub, aud, jti, iat = 0, exp = 0, ...others } = read.payload
      assert.deepEqual([iss, sub, aud, others], ['api', 'api', issuer, {}])
      assert.ok(Math.abs(Date.now() / 1000 - iat) < 5)
      assert.ok(exp > iat && exp - iat <= 60)
      assert.ok(typeof jti === 'string' && jti.length >= 16)
      identifiers.add(jti)
      assert.equal(call.headers.authorization, undefined)
      assert.equal(wire(call).includes(clientSecret), false)
      assert.deepEqual(valuesOf(call.body, 'client_secret'), [])
    }
    assert.equal(identifiers.size, 3)
  })
}

for (const [algorithm, pair] of Object.entries({
  PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
  Ed25519: generateKeyPairSync('ed25519')
})) {
  test(`private_key_jwt with ${algorithm}, from PEM and from a JWK`, async (t) => {
    const jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'of-the-jwk' } as { kty: string }
    for (const key of [{ pem: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }, { jwk }, { jwk: JSON.stringify(jwk) }]) {
      const [call] = await callsWith(t, { method: 'private_key_jwt', clientId: 'api', key, algorithm: algorithm as 'PS256' })
      const { header } = await readAssertion(call as Call, pair.publicKey)
      assert.deepEqual(header, 'jwk' in key ? { alg: algorithm, kid: 'of-the-jwk' } : { alg: algorithm })
      assert.equal(wire(call as Call).includes((pair.privateKey.export({ format: 'jwk' }).d as string)), false)
    }
  })
}

test('client_secret_jwt with HS512, where the secret is long enough', async (t) => {
  const long = 'x'.repeat(64)
  const [call] = await callsWith(t, { method: 'client_secret_jwt', clientId: 'api', clientSecret: long, algorithm: 'HS512' })
  assert.equal((await readAssertion(call as Call, Buffer.from(long))).header.alg, 'HS512')
})

test('39: bearer: a token of our own in the header, and no client_id', async (t) => {
  const [call] = await callsWith(t, { method: 'bearer', token: 'our-token' })
  assert.equal(call?.headers.authorization, 'Bearer our-token')
  assert.deepEqual(readForm(call?.body ?? '').map(([name]) => name), ['token_type_hint', 'token'])
})

test('39: bearer: a function is asked on each call', async (t) => {
  let count = 0
  const calls = await callsWith(t, { method: 'bearer', token: async () => `our-token-${++count}` }, 3)
  assert.deepEqual(calls.map(({ headers }) => headers.authorization), ['Bearer our-token-1', 'Bearer our-token-2', 'Bearer our-token-3'])
})

const failing: Record<string, () => string | Promise<string>> = {
  throws: () => { throw new Error('vault: s3cr3t') },
  rejects: async () => { throw new Error('vault: s3cr3t') },
  'gives nothing': () => '',
  'gives no string': () => 7 as never,
  hangs: async () => await new Promise(() => {})
}

for (const [name, token] of Object.entries(failing)) {
  test(`39: a function for the token that ${name} is nobody's fault but ours, ends in time, and asks nobody`, async (t) => {
    const server = await startDouble(hang)
    t.after(() => server.close())
    const set = options({ method: 'bearer', token }, `${server.origin}/introspect`)
    const resolver = await compiled({ ...set, introspection: { ...set.introspection as NonNullable<typeof set.introspection>, timeout: 100 } }, path)
    t.after(() => resolver.close())
    const refusal = await refused('issuer_refused_us', resolver.record('abc'))
    assert.equal(`${refusal.message} ${refusal.detail}`.includes('s3cr3t'), false)
    assert.equal(server.calls.length, 0)
  })
}

test('none: nothing is proven, and a client_id is sent where there is one', async (t) => {
  const [plain] = await callsWith(t, { method: 'none' })
  assert.equal(plain?.headers.authorization, undefined)
  assert.deepEqual(readForm(plain?.body ?? '').map(([name]) => name), ['token_type_hint', 'token'])
  const [named] = await callsWith(t, { method: 'none', clientId: 'api' })
  assert.deepEqual(valuesOf(named?.body ?? '', 'client_id'), ['api'])
})

for (const method of ['tls_client_auth', 'self_signed_tls_client_auth'] as const) {
  test(`37: ${method}: the connection carries our certificate, the form our client_id, and nothing else proves us`, async (t) => {
    const seen: Array<{ subject: string | undefined, body: string, authorization: string | undefined }> = []
    const server = createServer({ ...await authority.issue('127.0.0.1'), ca: authority.ca, requestCert: true, rejectUnauthorized: true }, async (request, response) => {
      const body = (await buffer(request)).toString()
      seen.push({ subject: (request.socket as TLSSocket).getPeerX509Certificate()?.subject, body, authorization: request.headers.authorization })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => { server.closeAllConnections(); server.close() })
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`
    const { cert, key } = await authority.issue('127.0.0.9')
    const resolver = await compiled(options({ method, clientId: 'api' }, endpoint, { tls: { ca: authority.ca, certificate: cert, key } }), path)
    t.after(() => resolver.close())
    assert.equal(await resolver.record('abc'), null)
    assert.deepEqual(seen.map(({ subject, authorization }) => [subject, authorization]), [['CN=server', undefined]])
    assert.deepEqual(readForm(seen[0]?.body ?? '').map(([name]) => name).sort(), ['client_id', 'token', 'token_type_hint'])
    assert.deepEqual(valuesOf(seen[0]?.body ?? '', 'client_id'), ['api'])
  })
}
