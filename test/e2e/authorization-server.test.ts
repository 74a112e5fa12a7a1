// What oidc-provider really sends, seen with nothing of the plugin: what a resource server has to cope with.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compactDecrypt, createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose'
import { createClientCertificate } from '../../examples/demo/pki.ts'
import { request, type Response } from '../../examples/demo/request.ts'
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.ts'
import { assertionOf, introspectAs, introspectionJwt } from './introspect-as.ts'
import { resources, type ResourceName } from './protected-resources.ts'
import type { Introspectors, TokenClients } from './registered-clients.ts'

const jsonType = 'application/json; charset=utf-8'
const usualClaims = ['jti', 'sub', 'iat', 'exp', 'scope', 'client_id', 'iss', 'aud', 'cnf']

const keySet = async ({ jwksUri: url, ca }: AuthorizationServer) => createLocalJWKSet(JSON.parse((await request({ url, ca })).body))

async function introspect (server: AuthorizationServer, name: keyof Introspectors, token: string, accept?: string): Promise<Response> {
  const { issuer, ca, introspectionEndpoint: endpoint } = server
  return await introspectAs(server.introspectors[name], { issuer, ca, endpoint, token, ...accept !== undefined && { accept } })
}

function assertBound (claims: JWTPayload, server: AuthorizationServer, client: keyof TokenClients): void {
  const thumbprint = server.clients[client].certificate?.thumbprint
  assert.deepEqual(claims['cnf'], thumbprint === undefined ? undefined : { 'x5t#S256': thumbprint })
}

test('tokens, and answers about them', async (t) => {
  const server = await startAuthorizationServer(t)
  const { issuer, decryptionKeys, introspectors } = server
  const keys = await keySet(server)
  const opaque = await server.token('selfSigned', 'opaque')
  const verify = async (jwt: string, resource: ResourceName, alg: string): Promise<JWTPayload> =>
    (await jwtVerify(jwt, keys, { issuer, audience: resources[resource], typ: 'at+jwt', algorithms: [alg] })).payload

  for (const client of ['selfSigned', 'tlsClientAuth', 'tlsClientAuthDn', 'secretBound', 'bearer'] as const) {
    await t.test(`an opaque token of ${client}: no sub, no jti, and a bound one is "Bearer" too`, async () => {
      const { status, headers, body } = await introspect(server, 'secretBasic', await server.token(client, 'opaque'))
      assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, jsonType, 'no-store'])
      const { cnf, exp, iat, ...claims } = JSON.parse(body)
      assert.deepEqual(claims, { active: true, client_id: server.clients[client].clientId, iss: issuer, aud: resources.opaque, scope: 'accounts', token_type: 'Bearer' })
      assert.equal(exp - iat, 300)
      assertBound({ cnf }, server, client)
    })
  }

  for (const [resource, alg] of [['ps256', 'PS256'], ['es256', 'ES256'], ['rs256', 'RS256'], ['eddsa', 'EdDSA'], ['ed25519', 'Ed25519']] as const) {
    await t.test(`a JWT signed with ${alg}`, async () => {
      const jwt = await server.token('tlsClientAuth', resource)
      const { alg: used, typ, kid, ...more } = decodeProtectedHeader(jwt)
      assert.deepEqual([used, typ, typeof kid, more], [alg, 'at+jwt', 'string', {}])
      const claims = await verify(jwt, resource, alg)
      assert.deepEqual(Object.keys(claims).sort(), usualClaims.toSorted())
      assert.equal(claims.sub, claims['client_id'], 'the client is its own subject, as RFC 9068 has it')
      assert.equal(typeof claims.aud, 'string')
      assertBound(claims, server, 'tlsClientAuth')
    })
  }

  await t.test('an unbound JWT has no cnf at all', async () => {
    assert.ok(!('cnf' in await verify(await server.token('bearer', 'es256'), 'es256', 'ES256')))
  })

  for (const resource of ['rsaOaep', 'ecdhEs', 'aesKw', 'dir'] as const) {
    await t.test(`a nested JWT: ${resource}. Its outer header repeats iss and aud, and has cty but no typ`, async () => {
      const { kid, alg, key } = decryptionKeys[resource]
      const jwe = await server.token('selfSigned', resource)
      const { epk, ...header } = decodeProtectedHeader(jwe)
      assert.deepEqual(header, { alg, enc: 'A256GCM', iss: issuer, aud: resources[resource], cty: 'at+jwt', ...resource !== 'ecdhEs' && { kid } })
      assert.equal(epk !== undefined, resource === 'ecdhEs')
      const { plaintext } = await compactDecrypt(jwe, key)
      assertBound(await verify(Buffer.from(plaintext).toString(), resource, 'ES256'), server, 'selfSigned')
    })
  }

  await t.test('encrypted only: the claims are the plaintext, and the outer header says at+jwt', async () => {
    const jwe = await server.token('selfSigned', 'unsigned')
    const { typ, cty, alg } = decodeProtectedHeader(jwe)
    assert.deepEqual({ typ, cty, alg }, { typ: 'at+jwt', cty: undefined, alg: 'dir' })
    const claims = JSON.parse(Buffer.from((await compactDecrypt(jwe, decryptionKeys.dir.key)).plaintext).toString())
    assert.deepEqual(Object.keys(claims).sort(), usualClaims.toSorted())
  })

  for (const name of ['secretBasic', 'awkwardBasic', 'secretPost', 'secretJwt', 'privateKeyJwtEs256', 'privateKeyJwtPs256', 'tlsClientAuth', 'selfSigned', 'signedEs256', 'signedPs256'] as const) {
    await t.test(`${name} may ask, and gets JSON where it asks for JSON`, async () => {
      for (const accept of [undefined, 'application/json']) {
        const { status, headers, body } = await introspect(server, name, opaque, accept)
        assert.deepEqual([status, headers['content-type'], JSON.parse(body).active], [200, jsonType, true])
      }
    })
  }

  await t.test('an assertion is good once', async () => {
    const { ca, introspectionEndpoint: endpoint } = server
    for (const name of ['secretJwt', 'privateKeyJwtEs256'] as const) {
      const assertion = await assertionOf(introspectors[name], issuer)
      const send = async (): Promise<number> => (await introspectAs(introspectors[name], { issuer, ca, endpoint, token: opaque }, assertion)).status
      assert.equal(await send(), 200)
      assert.equal(await send(), 401)
    }
  })

  await t.test('whoever is not the client gets 401; a client that may not ask hears that the token is not active', async () => {
    const { ca, introspectionEndpoint: endpoint, clients } = server
    const ask = async (client: Introspectors[keyof Introspectors]): Promise<Response> => await introspectAs(client, { issuer, ca, endpoint, token: opaque })
    const { tlsClientAuth, selfSigned, secretBasic } = introspectors
    const sameName = await createClientCertificate('rs-tls', { subjectAltNames: [{ type: 'dns', value: 'rs.example.test' }] })
    for (const certificate of [sameName, clients.tlsClientAuth.certificate]) {
      for (const client of [tlsClientAuth, selfSigned]) assert.equal((await ask({ ...client, certificate })).status, 401)
    }
    const { status, headers } = await ask({ ...secretBasic, secret: 'wrong' })
    assert.equal(status, 401)
    assert.match(String(headers['www-authenticate']), /^Basic realm="[^"]+", error="invalid_client"/)
    const { clientId, secret } = clients.bearer
    assert.equal((await ask({ ...secretBasic, clientId, secret: String(secret) })).body, '{"active":false}')
  })

  for (const [name, alg] of [['signedEs256', 'ES256'], ['signedPs256', 'PS256'], ['encryptedEcdhEs', 'ES256'], ['encryptedRsaOaep', 'PS256'], ['secretBasic', 'RS256']] as const) {
    await t.test(`${name} gets a JWT of RFC 9701, with nothing beside iss, aud and iat: no exp, no sub`, async () => {
      for (const [token, active] of [[opaque, true], ['unknown', false]] as const) {
        const { status, headers, body } = await introspect(server, name, token, introspectionJwt)
        assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, `${introspectionJwt}; charset=utf-8`, 'no-store'])
        const client = introspectors[name]
        let jws = body
        if ('decryptionKey' in client) {
          const { cty, typ, kid, iss, aud } = decodeProtectedHeader(body)
          assert.deepEqual({ cty, typ, kid, iss, aud }, { cty: 'JWT', typ: undefined, kid: client.kid, iss: issuer, aud: client.clientId })
          jws = Buffer.from((await compactDecrypt(body, client.decryptionKey)).plaintext).toString()
        }
        const { payload } = await jwtVerify(jws, keys, { issuer, audience: client.clientId, typ: 'token-introspection+jwt', algorithms: [alg] })
        assert.deepEqual(Object.keys(payload).sort(), ['aud', 'iat', 'iss', 'token_introspection'])
        const claims = payload['token_introspection'] as JWTPayload
        assert.equal(claims['active'], active)
        if (active) assertBound(claims, server, 'selfSigned')
        else assert.deepEqual(claims, { active: false })
      }
    })
  }

  await t.test('whoever has encrypted answers gets 400 for every other Accept', async () => {
    for (const accept of [undefined, '*/*', 'application/json']) assert.equal((await introspect(server, 'encryptedEcdhEs', opaque, accept)).status, 400)
  })

  await t.test('a JWT cannot be introspected, nor revoked: 400 unsupported_token_type', async () => {
    for (const resource of ['es256', 'rsaOaep'] as const) {
      const jwt = await server.token('selfSigned', resource)
      const { status, body } = await introspect(server, 'secretBasic', jwt)
      assert.deepEqual([status, JSON.parse(body).error], [400, 'unsupported_token_type'])
      await assert.rejects(server.revoke('selfSigned', jwt), /unsupported_token_type/)
    }
  })

  await t.test('a revoked token is like an unknown one: 200 and inactive', async () => {
    const token = await server.token('selfSigned', 'opaque')
    await server.revoke('selfSigned', token)
    for (const inactive of [token, 'unknown']) assert.equal((await introspect(server, 'secretBasic', inactive)).body, '{"active":false}')
  })
})
