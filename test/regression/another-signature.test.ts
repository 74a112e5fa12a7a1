// Whoever has an ECDSA signature (r, s) can make another one, (r, n - s): the same JWT in other characters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { signedOtherwise } from '../doubles/signed-otherwise.ts'

for (const isKnown of [false, true]) {
  test(`a JWT that was revoked by itself is not good with another signature either${isKnown ? ', also where that one was known before' : ''}`, async (t) => {
    const issuer = jwtIssuer()
    const app = Fastify() as FastifyInstance
    t.after(() => app.close())
    await app.register(boundToken, {
      certificate: { source: 'header', header: 'x-cert', format: 'url-pem', trustedProxies: ['127.0.0.1/32'] },
      issuers: [issuer.options()],
      binding: 'off'
    })
    app.get('/', async () => 'in')
    const token = await issuer.issue()
    const statusOf = async (shown: string): Promise<number> => (await app.inject({ url: '/', headers: { authorization: `Bearer ${shown}` } })).statusCode
    assert.equal(await statusOf(token), 200)
    if (isKnown) assert.equal(await statusOf(signedOtherwise(token)), 200)
    await app.boundToken.revoke({ token })
    assert.equal(await statusOf(token), 401)
    assert.equal(await statusOf(signedOtherwise(token)), 401)
    assert.equal(await statusOf(await issuer.issue({ jti: 'j2' })), 200)
  })
}
