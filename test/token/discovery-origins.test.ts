// Metadata send us to nobody but the issuer and whom the operator listed: no call, no token and no secret goes anywhere else.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { IssuerOptions } from '../../lib/options.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { createAuthority, type CertificateAuthority } from './certificate-authority.ts'
import { accessToken, clientAuth, issuerAt, metadataOf, oauthPlace, openidPlace, pathsOf, placesOf } from './issuer-at.ts'
import { valuesOf } from './read-form.ts'
import { signingKey, type SigningKey } from './signing-key.ts'

let key: SigningKey
let authority: CertificateAuthority
before(async () => {
  key = await signingKey('k1')
  authority = await createAuthority('ours')
})

const asking: Partial<IssuerOptions> = { introspection: { clientAuth } }
const stopped = { code: 'FST_BOUND_TOKEN_OPTIONS', message: /^options\.issuers\[0\]\.issuer: its metadata can't be used/ }

const places: Record<string, (origin: string, elsewhere: string) => unknown> = {
  'http on another host': () => 'http://login.example.com/x',
  'another port': (_origin, elsewhere) => `${elsewhere}/x`,
  'another name for the same host': (origin) => `${origin.replace('127.0.0.1', 'localhost')}/x`,
  'https of the same host': (origin) => `${origin.replace('http:', 'https:')}/x`,
  'a file': () => 'file:///etc/passwd',
  'a data URL': () => 'data:application/json,{}',
  'the address of cloud metadata': () => 'http://169.254.169.254/latest/meta-data',
  'user information': (origin) => `${origin.replace('//', '//user:pass@')}/x`,
  'a user that looks like the host': (origin, elsewhere) => `http://${new URL(origin).host}@${new URL(elsewhere).host}/x`,
  'an empty user': (_origin, elsewhere) => `${elsewhere.replace('//', '//@')}/x`,
  'a fragment': (origin) => `${origin}/x#y`,
  'a path alone': () => '/x',
  'no scheme': (_origin, elsewhere) => elsewhere.replace('http:', ''),
  'no URL': () => 'nowhere',
  'an empty text': () => '',
  'a number': () => 7,
  'a list': (origin) => [`${origin}/x`],
  'an object': (origin) => ({ href: `${origin}/x` })
}

for (const [name, place] of Object.entries(places)) {
  test(`M2, S-21, 244: a jwks_uri or an introspection_endpoint with ${name} stops the boot, and nobody is asked there`, async (t) => {
    const elsewhere = await doubles.startDouble(doubles.json({ keys: [key.jwk()] }))
    t.after(() => elsewhere.close())
    for (const member of ['jwks_uri', 'introspection_endpoint']) {
      for (const where of [oauthPlace, openidPlace]) {
        const server = await placesOf(t, (origin) => ({ [where]: metadataOf(origin, { [member]: place(origin, elsewhere.origin) }) }))
        await assert.rejects(issuerAt(t, server.origin, { ...asking, jwt: {} }), stopped)
        assert.deepEqual(pathsOf(server.calls), [oauthPlace, openidPlace])
      }
    }
    assert.equal(elsewhere.calls.length, 0)
  })
}

test('M2: an endpoint with a query of its own keeps it', async (t) => {
  const server = await placesOf(t, (origin) => ({
    [oauthPlace]: metadataOf(origin, { jwks_uri: `${origin}/jwks?tenant=1`, introspection_endpoint: `${origin}/introspect?tenant=1` }), '/jwks?tenant=1': { keys: [key.jwk()] }, '/introspect?tenant=1': { active: true }
  }))
  const { jwt, introspect } = await issuerAt(t, server.origin, { ...asking, jwt: {} })
  assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
  assert.equal(await introspect('abc'), 'verified')
})

test('S-21: what discovery.origins lists may be named, and nothing else', async (t) => {
  const elsewhere = await placesOf(t, () => ({ '/jwks': { keys: [key.jwk()] }, '/introspect': { active: true } }))
  const other = await placesOf(t, () => ({ '/jwks': { keys: [key.jwk()] } }))
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { jwks_uri: `${elsewhere.origin}/jwks`, introspection_endpoint: `${elsewhere.origin}/introspect` }) }))
  for (const origin of [elsewhere.origin, `${elsewhere.origin}/`]) {
    const { jwt, introspect } = await issuerAt(t, server.origin, { ...asking, jwt: {}, discovery: { origins: ['https://a.example', origin] } })
    assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
    assert.equal(await introspect('abc'), 'verified')
  }
  const asked = elsewhere.calls.length
  await assert.rejects(issuerAt(t, server.origin, { jwt: {}, discovery: { origins: [other.origin] } }), stopped)
  assert.equal(elsewhere.calls.length, asked)
  assert.equal(other.calls.length, 0)
})

for (const origin of ['https://a.example/x', 'https://a.example?x', 'https://a.example#x', 'https://u:p@a.example', 'http://a.example', 'a.example', '*', 'https://', 'file:///']) {
  test(`discovery.origins with ${origin} stops the boot`, async (t) => {
    await assert.rejects(issuerAt(t, 'http://127.0.0.1:1', { discovery: { origins: [origin] } }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      assert.match(error.message, /^options\.issuers\[0\]\.discovery\.origins\[0\]: found /)
      assert.equal(error.message.includes('u:p'), false)
      return true
    })
  })
}

test('244: an issuer that is not https stops the boot where its metadata are needed, unless loopback is allowed', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin) }))
  await assert.rejects(issuerAt(t, server.origin, { allowInsecureLoopback: false }), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /^options\.issuers\[0\]\.issuer: found http/ })
  await assert.rejects(issuerAt(t, 'http://login.example.com'), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /^options\.issuers\[0\]\.issuer: found http/ })
  assert.equal(server.calls.length, 0)
})

test('244: an https issuer can not send us to http on loopback, unless that is allowed', async (t) => {
  const plain = await placesOf(t, () => ({ '/jwks': { keys: [key.jwk()] } }))
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { jwks_uri: `${plain.origin}/jwks` }) }), await authority.issue('127.0.0.1'))
  const tls = { ca: authority.ca }
  await assert.rejects(issuerAt(t, server.origin, { tls, allowInsecureLoopback: false }), stopped)
  await assert.rejects(issuerAt(t, server.origin, { tls, allowInsecureLoopback: false, discovery: { origins: [plain.origin] } }), { code: 'FST_BOUND_TOKEN_OPTIONS' })
  assert.equal(plain.calls.length, 0)
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`S-21: metadata, keys and answers with ${status} are not followed, and neither token nor secret goes along`, async (t) => {
    const elsewhere = await placesOf(t, () => ({}))
    const redirect = doubles.redirect(status, `${elsewhere.origin}/x`)
    const away = await placesOf(t, () => ({ [oauthPlace]: redirect, [openidPlace]: redirect }))
    await assert.rejects(issuerAt(t, away.origin, asking), stopped)
    const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin), '/jwks': redirect, '/introspect': redirect }))
    const { jwt, introspect } = await issuerAt(t, server.origin, { ...asking, jwt: {}, discovery: { origins: [elsewhere.origin] } })
    assert.equal(await jwt(await accessToken(key, server.origin)), 'issuer_bad_response')
    assert.equal(await introspect('abc'), 'issuer_bad_response')
    assert.equal(elsewhere.calls.length, 0)
  })
}

async function mutual (): Promise<Pick<IssuerOptions, 'tls'>> {
  const pair = await authority.issue('127.0.0.1')
  return { tls: { ca: authority.ca, certificate: pair.cert, key: pair.key } }
}

for (const method of ['tls_client_auth', 'self_signed_tls_client_auth'] as const) {
  test(`80, 81: with ${method} the endpoint of mtls_endpoint_aliases is asked, else the plain one`, async (t) => {
    const server = await placesOf(t, (origin) => ({
      [oauthPlace]: metadataOf(origin, { mtls_endpoint_aliases: { introspection_endpoint: `${origin}/mtls`, token_endpoint: 'https://foreign.example/token' } }), '/mtls': { active: true }, '/introspect': { active: true }
    }))
    const options = { ...await mutual(), introspection: { clientAuth: { method, clientId: 'api' } } }
    const { introspect } = await issuerAt(t, server.origin, options)
    assert.equal(await introspect('abc'), 'verified')
    assert.ok(pathsOf(server.calls).includes('/mtls'))
    assert.equal(pathsOf(server.calls).includes('/introspect'), false)
    const plain = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { mtls_endpoint_aliases: {} }), '/introspect': { active: true } }))
    assert.equal(await (await issuerAt(t, plain.origin, options)).introspect('abc'), 'verified')
  })
}

test('82: another authentication never goes to an alias for mutual TLS, even with a certificate at hand', async (t) => {
  const server = await placesOf(t, (origin) => ({
    [oauthPlace]: metadataOf(origin, { mtls_endpoint_aliases: { introspection_endpoint: `${origin}/mtls` } }), '/mtls': { active: true }, '/introspect': { active: true }
  }))
  const { introspect } = await issuerAt(t, server.origin, { ...asking, ...await mutual() })
  assert.equal(await introspect('abc'), 'verified')
  assert.equal(pathsOf(server.calls).includes('/mtls'), false)
})

test('82: an alias alone is no endpoint for other authentications', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { introspection_endpoint: undefined, mtls_endpoint_aliases: { introspection_endpoint: `${origin}/mtls` } }) }))
  await assert.rejects(issuerAt(t, server.origin, asking), { message: /^options\.issuers\[0\]\.introspection\.endpoint: missing, and the metadata/ })
})

const ignored = { null: null, text: 'https://mtls.example', 'a list': [{ introspection_endpoint: 'https://mtls.example/i' }], 'a number': 7, 'foreign members only': { token_endpoint: 'http://x' } }
for (const [name, aliases] of Object.entries(ignored)) {
  test(`M7: mtls_endpoint_aliases that are ${name} count as absent`, async (t) => {
    const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { mtls_endpoint_aliases: aliases }), '/introspect': { active: true } }))
    const options = { ...await mutual(), introspection: { clientAuth: { method: 'tls_client_auth' as const, clientId: 'api' } } }
    assert.equal(await (await issuerAt(t, server.origin, options)).introspect('abc'), 'verified')
  })
}

test('M7: an alias that is http elsewhere, or of another origin, stops the boot of who would use it', async (t) => {
  for (const alias of ['http://mtls.example/i', 'https://mtls.example/i', 7, 'file:///x']) {
    const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin, { mtls_endpoint_aliases: { introspection_endpoint: alias } }) }))
    const options = { ...await mutual(), introspection: { clientAuth: { method: 'tls_client_auth' as const, clientId: 'api' } } }
    await assert.rejects(issuerAt(t, server.origin, options), stopped)
  }
})

test('the token goes to the endpoint of the metadata, once', async (t) => {
  const server = await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin), '/introspect': { active: true } }))
  const { introspect } = await issuerAt(t, server.origin, asking)
  await introspect('the-token')
  const carrying = server.calls.filter(({ url, body, rawHeaders }) => `${url} ${body} ${rawHeaders.join(' ')}`.includes('the-token'))
  assert.deepEqual(carrying.map(({ url, body }) => [url, valuesOf(body, 'token')]), [['/introspect', ['the-token']]])
})
