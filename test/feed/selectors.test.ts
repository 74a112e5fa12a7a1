import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvictionSelector } from '../../types/bound-token.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { by, optionsFor, owner, ownersClaims, protectedApp } from '../guard/protected-app.ts'

const opaqueIssuer = 'https://login.example.com'
const tokenIssuer = 'https://jwt.example.com'
const claims = { sid: 's1', grant: { id: 'g1' }, jti: 'j1', act: { sub: 'bob' }, level: 3 }

for (const [selector, isHit] of [
  [{ sessionId: 's1' }, true],
  [{ sessionId: 's2' }, false],
  [{ grantId: 'g1' }, true],
  [{ grantId: 'g2' }, false],
  [{ claim: { path: ['act', 'sub'], value: 'bob' } }, true],
  [{ claim: { path: 'level', value: 3 } }, true],
  [{ claim: { path: 'level', value: '3' } }, false],
  [{ subject: 'alice', sessionId: 's1' }, true],
  [{ subject: 'bob', sessionId: 's1' }, false],
  [{ subject: 'alice', issuer: 'here' }, true],
  [{ subject: 'alice', issuer: 'https://other.example.com' }, false]
] as Array<[Record<string, unknown> & { issuer?: string }, boolean]>) {
  test(`evict and revoke ${JSON.stringify(selector)}: ${isHit ? 'hits' : 'misses'}`, async (t) => {
    const tokens = jwtIssuer(tokenIssuer)
    const { app, known, authorizationServer } = await protectedApp(t, undefined, {}, {}, (origin) => {
      const options = optionsFor(origin)
      return { ...options, issuers: [...options.issuers, tokens.options()], revocation: { grantIdClaim: ['grant', 'id'] } }
    })
    known.set('good', { ...ownersClaims, ...claims })
    const now = Math.floor(Date.now() / 1000)
    const [before, after] = await Promise.all([-10, 4].map(async (seconds) => await tokens.issue({ ...claims, iat: now + seconds, cnf: ownersClaims.cnf })))
    const status = async (token = '') => (await app.inject({ url: '/', headers: by(owner, token) })).statusCode
    const of = (issuer: string) => ({ ...selector, ...selector.issuer === 'here' && { issuer } }) as EvictionSelector
    const told = async (does: 'evict' | 'revoke') => { for (const issuer of [opaqueIssuer, tokenIssuer]) await app.boundToken[does](of(issuer)) }

    assert.deepEqual([await status('good'), await status(before), authorizationServer.calls.length], [200, 200, 1])
    await told('evict')
    assert.deepEqual([await status('good'), await status(before), authorizationServer.calls.length], [200, 200, isHit ? 2 : 1], 'evicted: asked again, and verified again')
    await told('revoke')
    assert.deepEqual([await status('good'), authorizationServer.calls.length], [200, isHit ? 3 : 1], 'revoked: the authorization server is asked')
    assert.deepEqual([await status(before), await status(before), await status(after)], isHit ? [401, 401, 200] : [200, 200, 200])
    assert.equal(app.boundToken.stats().decisions.refused.token_inactive, isHit ? 2 : undefined)
  })
}
