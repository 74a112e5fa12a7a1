// Where the metadata of an issuer are, what they must say, and what stops the boot.
import assert from 'node:assert/strict'
import { before, test, type TestContext } from 'node:test'
import type { IssuerOptions } from '../../lib/options.ts'
import { wellKnownUrls } from '../../lib/token/discovery.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { createAuthority } from './certificate-authority.ts'
import { accessToken, clientAuth, issuerAt, metadataOf, oauthPlace, openidPlace, optionsPath, pathsOf, placesOf } from './issuer-at.ts'
import { signingKey, type SigningKey } from './signing-key.ts'

let key: SigningKey
before(async () => { key = await signingKey('k1') })

const asking: Partial<IssuerOptions> = { introspection: { clientAuth } }

async function stopsTheBoot (outcome: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(outcome, (error: Error & { code?: string }) => {
    assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS', String(error))
    assert.match(error.message, message)
    assert.ok(error.message.startsWith(optionsPath), error.message)
    assert.equal(error.message.includes(clientAuth.clientSecret), false)
    return true
  })
}

const unusable = /^options\.issuers\[0\]\.issuer: its metadata can't be used \(.+\); allowed: an issuer with metadata, or the endpoints in the options$/

test('240, 248: where the metadata are looked for', () => {
  const places = {
    'https://a.example': [`https://a.example${oauthPlace}`, `https://a.example${openidPlace}`],
    'https://a.example/': [`https://a.example${oauthPlace}`, `https://a.example${openidPlace}`],
    'https://a.example/tenant/1': [`https://a.example${oauthPlace}/tenant/1`, `https://a.example/tenant/1${openidPlace}`],
    'https://a.example/tenant/1/': [`https://a.example${oauthPlace}/tenant/1`, `https://a.example/tenant/1${openidPlace}`],
    'https://a.example:8443/x': [`https://a.example:8443${oauthPlace}/x`, `https://a.example:8443/x${openidPlace}`],
    'https://a.example//b.example/x': [`https://a.example${oauthPlace}//b.example/x`, `https://a.example//b.example/x${openidPlace}`],
    'https://a.example/%2e%2e/@b.example': [`https://a.example${oauthPlace}/@b.example`, `https://a.example/@b.example${openidPlace}`]
  }
  for (const [issuer, urls] of Object.entries(places)) assert.deepEqual(wellKnownUrls(issuer).map(String), urls)
})

for (const place of [oauthPlace, openidPlace]) {
  test(`241: metadata at ${place} alone are enough, for keys and for the endpoint`, async (t) => {
    const server = await placesOf(t, (origin) => ({ [place]: metadataOf(origin), '/jwks': { keys: [key.jwk()] }, '/introspect': { active: true } }))
    const { jwt, introspect } = await issuerAt(t, server.origin, { ...asking, jwt: {} })
    assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
    assert.equal(await introspect('abc'), 'verified')
    assert.ok(server.calls.filter(({ url }) => url === place).every(({ method, headers }) => method === 'GET' && headers.accept === 'application/json' && headers.authorization === undefined))
  })

  test(`M6: an issuer with a path has its metadata at ${place} with that path`, async (t) => {
    const where = place === oauthPlace ? `${place}/tenant/1` : `/tenant/1${place}`
    const server = await placesOf(t, (origin) => ({ [where]: metadataOf(`${origin}`, { issuer: `${origin}/tenant/1` }), '/jwks': { keys: [key.jwk()] } }))
    const { jwt } = await issuerAt(t, `${server.origin}/tenant/1`)
    assert.equal(await jwt(await accessToken(key, `${server.origin}/tenant/1`)), 'verified')
    assert.equal(await jwt(await accessToken(key, server.origin)), 'token_issuer_mismatch')
    assert.deepEqual(pathsOf(server.calls), ['/jwks', `${oauthPlace}/tenant/1`, `/tenant/1${openidPlace}`].sort())
  })
}

for (const suffix of ['?x', '#x', '?', '#', '/a?tenant=1']) {
  test(`M6: an issuer with ${suffix} stops the boot, and nobody is asked`, async (t) => {
    const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin) }))
    await stopsTheBoot(issuerAt(t, server.origin + suffix), /\.issuer: found ".*"; allowed: an http or https URL without query and fragment$/)
    assert.equal(server.calls.length, 0)
  })
}

const otherIssuers: Record<string, (origin: string) => unknown> = {
  'with a slash': (origin) => `${origin}/`,
  'with another host': (origin) => origin.replace('127.0.0.1', 'localhost'),
  'with an upper-case scheme': (origin) => origin.replace('http', 'HTTP'),
  'with a path': (origin) => `${origin}/tenant`,
  'with a default port': (origin) => origin.replace(/:\d+$/, ''),
  absent: () => undefined,
  null: () => null,
  'in a list': (origin) => [origin],
  empty: () => ''
}

for (const [name, other] of Object.entries(otherIssuers)) {
  test(`M1, 242, 243, 249: metadata whose issuer is ${name} stop the boot, and nothing of them is used`, async (t) => {
    for (const place of [oauthPlace, openidPlace]) {
      const server = await placesOf(t, (origin) => ({ [place]: metadataOf(origin, { issuer: other(origin) }), '/jwks': { keys: [key.jwk()] } }))
      await stopsTheBoot(issuerAt(t, server.origin, asking), unusable)
      assert.deepEqual(pathsOf(server.calls), [oauthPlace, openidPlace])
    }
  })
}

test('M1: one right document does not heal one of another issuer', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin), [openidPlace]: metadataOf(origin, { issuer: `${origin}/` }) }))
  await stopsTheBoot(issuerAt(t, server.origin), unusable)
})

test('M1: an issuer in upper case is not its metadata in lower case', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { issuer: origin.replace('127.0.0.1', 'localhost') }) }))
  await stopsTheBoot(issuerAt(t, server.origin.replace('127.0.0.1', 'LOCALHOST')), unusable)
})

for (const name of ['jwks_uri', 'introspection_endpoint', 'mtls_endpoint_aliases']) {
  test(`M5, 250: two documents that say different things of ${name} stop the boot`, async (t) => {
    const server = await placesOf(t, (origin) => {
      const another = name === 'mtls_endpoint_aliases' ? { introspection_endpoint: `${origin}/other` } : `${origin}/other`
      const one = { ...metadataOf(origin), mtls_endpoint_aliases: { introspection_endpoint: `${origin}/mtls` } }
      return { [oauthPlace]: one, [openidPlace]: { ...one, [name]: another } }
    })
    await stopsTheBoot(issuerAt(t, server.origin, asking), unusable)
  })
}

test('M5, 250: two documents that agree in what matters are fine, whatever else they say', async (t) => {
  const server = await placesOf(t, (origin) => ({
    [oauthPlace]: metadataOf(origin, { scopes_supported: ['a'] }), [openidPlace]: metadataOf(origin, { scopes_supported: ['b'], userinfo_endpoint: 'ftp://x' }), '/jwks': { keys: [key.jwk()] }
  }))
  const { jwt } = await issuerAt(t, server.origin)
  assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
})

test('247: members that we do not know, of whatever form, and signed_metadata change nothing', async (t) => {
  const server = await placesOf(t, (origin) => ({
    [oauthPlace]: metadataOf(origin, { signed_metadata: 'a.b.c', x: { y: [null, 1e300] }, token_endpoint: 7, tls_client_certificate_bound_access_tokens: 'true' }), '/jwks': { keys: [key.jwk()] }
  }))
  const { jwt } = await issuerAt(t, server.origin)
  assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
})

const documents: Record<string, (origin: string) => doubles.Behaviour> = {
  HTML: () => doubles.html,
  'a list': (origin) => doubles.json([metadataOf(origin)]),
  null: () => doubles.json(null),
  '5 MB': (origin) => doubles.json(metadataOf(origin, { padding: 'x'.repeat(5_000_000) })),
  'no end': () => doubles.endless,
  'text/plain': (origin) => doubles.jsonText(JSON.stringify(metadataOf(origin)), 'text/plain'),
  'a BOM': (origin) => doubles.jsonText(`\ufeff${JSON.stringify(metadataOf(origin))}`),
  'a member twice': (origin) => doubles.jsonText(JSON.stringify(metadataOf(origin)).replace('{', '{"jwks_uri":"https://a.example/jwks",')),
  'members of the prototype': (origin) => doubles.jsonText(`{"__proto__":${JSON.stringify(metadataOf(origin))}}`),
  'gzip that nobody asked for': () => doubles.gzipBomb,
  'status 404': () => doubles.json({}, 404),
  'status 401': () => doubles.json({}, 401),
  'status 204': () => doubles.answer(204, {}),
  'status 201': (origin) => doubles.json(metadataOf(origin), 201)
}

for (const [name, behaviour] of Object.entries(documents)) {
  test(`M4, 241: a document with ${name} stops the boot`, async (t) => {
    const server = await placesOf(t, (origin) => ({ [oauthPlace]: behaviour(origin), [openidPlace]: behaviour(origin) }))
    await stopsTheBoot(issuerAt(t, server.origin), unusable)
  })
}

test('M4: HTML in one place does not matter where the other has the metadata', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: doubles.html, [openidPlace]: metadataOf(origin), '/jwks': { keys: [key.jwk()] } }))
  const { jwt } = await issuerAt(t, server.origin)
  assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
})

test('metadata without what is needed stop the boot, and name the option that would give it', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: { issuer: origin }, '/jwks': { keys: [key.jwk()] } }))
  await stopsTheBoot(issuerAt(t, server.origin), /\.jwt: the metadata of the issuer have no jwks_uri; allowed: jwksUri, jwks or keys$/)
  await stopsTheBoot(issuerAt(t, server.origin, asking), /\.introspection\.endpoint: missing, and the metadata of the issuer have none; allowed: a URL$/)
  const { jwt } = await issuerAt(t, server.origin, { jwt: { jwksUri: `${server.origin}/jwks` } })
  assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
})

test('metadata are not asked for where the options say everything', async (t) => {
  const server = await placesOf(t, () => ({ '/jwks': { keys: [key.jwk()] } }))
  const introspection = { clientAuth, endpoint: `${server.origin}/introspect` }
  await issuerAt(t, server.origin, { jwt: { jwksUri: `${server.origin}/jwks` }, introspection })
  await issuerAt(t, server.origin, { introspection })
  assert.equal(pathsOf(server.calls).some((path) => path.includes('well-known')), false)
})

test('246: an authentication that the metadata do not list is reported, and used', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { introspection_endpoint_auth_methods_supported: ['private_key_jwt'] }), '/introspect': { active: false } }))
  const { reports, introspect } = await issuerAt(t, server.origin, asking)
  assert.deepEqual(reports, [`warn ${server.origin} its metadata do not list client_secret_basic among the authentications of the introspection endpoint`])
  assert.equal(await introspect('abc'), 'inactive')
  for (const supported of [['client_secret_basic'], 'client_secret_basic', null, {}]) {
    const other = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { introspection_endpoint_auth_methods_supported: supported }) }))
    assert.deepEqual((await issuerAt(t, other.origin, asking)).reports, [], JSON.stringify(supported))
  }
})

async function securedAt (t: TestContext, address: string) {
  const authority = await createAuthority('ours')
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin), '/jwks': { keys: [key.jwk()] } }), await authority.issue(address))
  return { authority, server }
}

test('245: metadata and keys come over TLS whose certificate is verified', async (t) => {
  const { authority, server } = await securedAt(t, '127.0.0.1')
  const token = await accessToken(key, server.origin)
  const distrusting = await issuerAt(t, server.origin)
  assert.equal(await distrusting.jwt(token), 'issuer_unavailable')
  assert.equal(server.calls.length, 0)
  const trusting = await issuerAt(t, server.origin, { tls: { ca: authority.ca } })
  assert.equal(await trusting.jwt(token), 'verified')
})

test('245: a certificate for another name is refused', async (t) => {
  const { authority, server } = await securedAt(t, '127.0.0.2')
  const { jwt } = await issuerAt(t, server.origin, { tls: { ca: authority.ca } })
  assert.equal(await jwt(await accessToken(key, server.origin)), 'issuer_unavailable')
  assert.equal(server.calls.length, 0)
})
