// What oidc-provider says about itself: its documents and keys, seen with nothing of the plugin.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { request, type Response } from '../../examples/demo/request.ts'
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.ts'
import { introspectAs } from './introspect-as.ts'
import type { Introspectors } from './registered-clients.ts'

const get = async ({ ca }: AuthorizationServer, url: string): Promise<Response> => await request({ url, ca })
const keySet = async (server: AuthorizationServer) => createLocalJWKSet(JSON.parse((await get(server, server.jwksUri)).body))

async function introspect ({ issuer, ca, introspectionEndpoint: endpoint, introspectors }: AuthorizationServer, token: string): Promise<Response> {
  return await introspectAs(introspectors.secretBasic, { issuer, ca, endpoint, token })
}

test('documents and keys', async (t) => {
  const server = await startAuthorizationServer(t)

  await t.test('both documents, the same, and of no stated age', async () => {
    const [openid, oauth] = await Promise.all(['openid-configuration', 'oauth-authorization-server'].map((name) => get(server, `${server.issuer}/.well-known/${name}`))) as [Response, Response]
    assert.equal(openid.body, oauth.body)
    const { issuer, jwks_uri: jwksUri, introspection_endpoint: introspectionEndpoint, ...more } = JSON.parse(openid.body)
    assert.deepEqual({ issuer, jwksUri, introspectionEndpoint }, { issuer: server.issuer, jwksUri: server.jwksUri, introspectionEndpoint: server.introspectionEndpoint })
    assert.deepEqual(['introspection_endpoint_auth_methods_supported', 'mtls_endpoint_aliases'].filter((name) => name in more), [])
    assert.deepEqual([openid.headers['content-type'], openid.headers['cache-control'], openid.headers['etag']], ['application/json; charset=utf-8', undefined, undefined])
  })

  await t.test('the endpoints follow the Host, the issuer does not', async () => {
    const { hostname, port } = new URL(server.issuer)
    const { body } = await get(server, `https://127.0.0.1:${port}/.well-known/openid-configuration`)
    assert.deepEqual([JSON.parse(body).issuer, JSON.parse(body).jwks_uri, hostname], [server.issuer, `https://127.0.0.1:${port}/jwks`, 'localhost'])
  })

  await t.test('the key set has a media type of its own, and a key of two algorithms names neither', async () => {
    const { headers, body } = await get(server, server.jwksUri)
    assert.deepEqual([headers['content-type'], headers['cache-control']], ['application/jwk-set+json; charset=utf-8', undefined])
    const members = JSON.parse(body).keys.map(({ kty, use, alg, kid, d }: Record<string, string>) => [kty, use, alg, typeof kid, d])
    assert.deepEqual(members, [['RSA', 'sig', undefined, 'string', undefined], ['EC', 'sig', 'ES256', 'string', undefined], ['OKP', 'sig', undefined, 'string', undefined]])
  })

  await t.test('rotation: the old keys stay or go, what was issued stays known', async () => {
    const [first, opaque] = await Promise.all([server.token('selfSigned', 'es256'), server.token('selfSigned', 'opaque')])
    await server.rotateKeys({ keepOld: true })
    const second = await server.token('selfSigned', 'es256')
    const both = await keySet(server)
    for (const jwt of [first, second]) await jwtVerify(jwt, both)
    await server.rotateKeys()
    await assert.rejects(jwtVerify(second, await keySet(server)), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    assert.equal(JSON.parse((await introspect(server, opaque)).body).active, true)
  })

  await t.test('an outage ends, on the same port; requests are counted', async () => {
    const before = { ...server.counts }
    await server.pause()
    await assert.rejects(get(server, server.jwksUri), { code: 'ECONNREFUSED' })
    await server.resume()
    await get(server, server.jwksUri)
    await get(server, `${server.issuer}/.well-known/openid-configuration`)
    await introspect(server, await server.token('bearer', 'opaque'))
    const { jwks, token, introspection, openidConfiguration, oauthAuthorizationServer } = before
    const one = { jwks: jwks + 1, token: token + 1, introspection: introspection + 1, openidConfiguration: openidConfiguration + 1 }
    assert.deepEqual(server.counts, { ...one, oauthAuthorizationServer })
  })
})

async function statusesOfWellKnown (t: TestContext, wellKnownBeforePath: boolean): Promise<number[]> {
  const server = await startAuthorizationServer(t, { path: '/tenant-1', wellKnownBeforePath })
  const { origin } = new URL(server.issuer)
  const urls = [`${server.issuer}/.well-known/openid-configuration`, `${server.issuer}/.well-known/oauth-authorization-server`, `${origin}/.well-known/oauth-authorization-server/tenant-1`]
  const answers = await Promise.all(urls.map((url) => get(server, url)))
  for (const { status, body } of answers) if (status === 200) assert.deepEqual([JSON.parse(body).issuer, JSON.parse(body).jwks_uri], [server.issuer, server.jwksUri])
  return answers.map(({ status }) => status)
}

test('an issuer with a path: the place of RFC 8414 is not served, unless a front routes it', async (t) => {
  assert.deepEqual(await statusesOfWellKnown(t, false), [200, 200, 404])
  assert.deepEqual(await statusesOfWellKnown(t, true), [200, 200, 200])
})

test('with aliases only their port asks for certificates', async (t) => {
  const server = await startAuthorizationServer(t, { path: '/tenant-1', mtlsAliases: true, extraClaims: { acr: 'gold' } })
  const { issuer, ca, introspectors } = server
  const { introspection_endpoint: main, mtls_endpoint_aliases: aliases } = JSON.parse((await get(server, `${issuer}/.well-known/openid-configuration`)).body)
  const token = await server.token('tlsClientAuth', 'opaque')
  const ask = async (name: keyof Introspectors, endpoint: string): Promise<Response> => await introspectAs(introspectors[name], { issuer, ca, endpoint, token })
  for (const name of ['tlsClientAuth', 'selfSigned'] as const) {
    assert.equal((await ask(name, main)).status, 401)
    assert.equal(JSON.parse((await ask(name, aliases.introspection_endpoint)).body).acr, 'gold')
  }
  for (const endpoint of [main, aliases.introspection_endpoint]) assert.equal((await ask('privateKeyJwtPs256', endpoint)).status, 200)
})
