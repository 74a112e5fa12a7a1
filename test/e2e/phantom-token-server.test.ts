import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { request, type Response } from '../../examples/demo/request.ts'
import { basic } from './basic.ts'
import { startPhantomTokenServer } from './phantom-token-server.ts'

const thumbprint = 'A'.repeat(43)

test('a server with phantom tokens', async (t) => {
  const server = await startPhantomTokenServer(t)
  const { issuer, introspectionEndpoint, jwksUri, clientId, secret, answers } = server
  const ask = async (token: string, accept: string, authorization = basic(clientId, secret)): Promise<Response> =>
    await request({ url: introspectionEndpoint, method: 'POST', body: new URLSearchParams({ token }), headers: { accept, authorization } })
  const keys = async () => createLocalJWKSet(JSON.parse((await request({ url: jwksUri })).body))

  await t.test('200 with the JWT behind the token', async () => {
    const { status, headers, body } = await ask(server.issue(thumbprint), 'application/jwt')
    assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, 'application/jwt', 'max-age=300'])
    const { payload } = await jwtVerify(body, await keys(), { issuer, audience: 'https://api.example.test', typ: 'at+jwt', algorithms: ['PS256'] })
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'client_id', 'cnf', 'exp', 'iat', 'iss', 'jti', 'purpose', 'scope', 'sub'])
    assert.deepEqual(payload['cnf'], { 'x5t#S256': thumbprint })
  })

  await t.test('204 with nothing for a token that is unknown, revoked or over', async () => {
    const revoked = server.issue(thumbprint)
    server.revoke(revoked)
    for (const token of ['unknown', revoked, server.issue(thumbprint, { exp: 1 })]) {
      const { status, headers, body } = await ask(token, 'application/jwt')
      assert.deepEqual([status, headers['content-type'], body], [204, undefined, ''])
      assert.equal((await ask(token, 'application/json')).body, '{"active":false}')
    }
  })

  await t.test('JSON for whoever asks for it, 401 for whoever is not known', async () => {
    const token = server.issue(null, { scope: 'payments' })
    const { status, headers, body } = await ask(token, 'application/json')
    const { active, scope, cnf } = JSON.parse(body)
    assert.deepEqual([status, headers['content-type'], { active, scope, cnf }], [200, 'application/json', { active: true, scope: 'payments', cnf: undefined }])
    assert.equal((await ask(token, 'application/jwt', basic(clientId, 'wrong'))).status, 401)
  })

  await t.test('typ, age and media type can be changed', async () => {
    Object.assign(answers, { typ: undefined, cacheControl: null, contentType: 'application/jwt;charset=UTF-8' })
    const { headers, body } = await ask(server.issue(thumbprint), 'application/jwt')
    assert.deepEqual([headers['content-type'], headers['cache-control'], 'typ' in decodeProtectedHeader(body)], ['application/jwt;charset=UTF-8', undefined, false])
  })

  await t.test('documents, rotation, an outage, counters', async () => {
    const token = server.issue(thumbprint)
    const old = (await ask(token, 'application/jwt')).body
    await server.rotateKeys({ keepOld: true })
    for (const jwt of [old, (await ask(token, 'application/jwt')).body]) await jwtVerify(jwt, await keys())
    await server.rotateKeys()
    await assert.rejects(jwtVerify(old, await keys()), { code: 'ERR_JWKS_NO_MATCHING_KEY' })

    await server.pause()
    await assert.rejects(request({ url: jwksUri }), { code: 'ECONNREFUSED' })
    await server.resume()
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const document = JSON.parse((await request({ url: `${issuer}/.well-known/${name}` })).body)
      assert.deepEqual([document.issuer, document.jwks_uri, document.introspection_endpoint], [issuer, jwksUri, introspectionEndpoint])
    }
    assert.deepEqual(server.counts, { introspection: 12, jwks: 4, openidConfiguration: 1, oauthAuthorizationServer: 1 })
  })
})
