import assert from 'node:assert/strict'
import { test } from 'node:test'
import { by, owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

interface Case {
  readonly headers?: Record<string, string>
  readonly url?: string
  readonly status: number
  readonly error: string | null
  readonly code: string
  readonly reason: string
}

// Every row of the contract that the wire can show; the authorization server's own troubles are in outage.test.ts.
const cases: Record<string, Case> = {
  'no credentials': { status: 401, error: null, code: 'MISSING', reason: 'token_missing' },
  'another scheme': { headers: { authorization: 'Basic YTpi' }, status: 401, error: null, code: 'MISSING', reason: 'token_missing' },
  'malformed credentials': { headers: { authorization: 'Bearer a b' }, status: 400, error: 'invalid_request', code: 'INVALID_REQUEST', reason: 'token_malformed' },
  'a second token in the query': { headers: by(owner), url: '/?access_token=x', status: 400, error: 'invalid_request', code: 'INVALID_REQUEST', reason: 'token_malformed' },
  inactive: { headers: by(owner, 'unknown'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_inactive' },
  expired: { headers: by(owner, 'expired'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_expired' },
  'not yet valid': { headers: by(owner, 'early'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_not_yet_valid' },
  'another token type': { headers: by(owner, 'dpop'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_type_unsupported' },
  'another issuer': { headers: by(owner, 'foreign'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_issuer_mismatch' },
  'another audience': { headers: by(owner, 'elsewhere'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_audience_mismatch' },
  'no audience': { headers: by(owner, 'nowhere'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'token_audience_mismatch' },
  'no binding': { headers: by(owner, 'unbound'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'binding_missing' },
  'an unknown confirmation method': { headers: by(owner, 'keyed'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'binding_unsupported' },
  'a second confirmation method': { headers: by(owner, 'both'), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'binding_unsupported' },
  'another certificate': { headers: by(stranger), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'binding_mismatch' },
  'no certificate': { headers: by(null), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'certificate_missing' },
  'a placeholder': { headers: by({ escaped: '(null)' }), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'certificate_placeholder' },
  'a certificate that is none': { headers: by({ escaped: 'garbage' }), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'certificate_malformed' },
  'two certificates in one line': { headers: by({ escaped: `${owner.escaped}, ${stranger.escaped}` }), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'certificate_ambiguous' },
  'a certificate of 100 KB': { headers: by({ escaped: 'A'.repeat(100_000) }), status: 401, error: 'invalid_token', code: 'INVALID_TOKEN', reason: 'certificate_too_large' },
  'a token of 1 MB': { headers: by(owner, 'A'.repeat(1_000_000)), status: 400, error: 'invalid_request', code: 'INVALID_REQUEST', reason: 'token_malformed' },
  'a missing scope': { headers: by(owner), url: '/admin', status: 403, error: 'insufficient_scope', code: 'INSUFFICIENT_SCOPE', reason: 'scope_insufficient' },
  'none of the scopes': { headers: by(owner), url: '/any', status: 403, error: 'insufficient_scope', code: 'INSUFFICIENT_SCOPE', reason: 'scope_insufficient' },
  'another client': { headers: by(owner), url: '/others', status: 403, error: 'insufficient_scope', code: 'INSUFFICIENT_SCOPE', reason: 'client_not_allowed' }
}

const now = Math.floor(Date.now() / 1000)
const tokens = {
  expired: { exp: now - 1 },
  early: { nbf: now + 60 },
  dpop: { token_type: 'DPoP' },
  foreign: { iss: 'https://login.example.com/' },
  elsewhere: { aud: ['https://api.example.com/', 'https://api'] },
  nowhere: { aud: undefined },
  unbound: { cnf: undefined },
  keyed: { cnf: { jwk: {} } },
  both: { cnf: { 'x5t#S256': owner.thumbprint, jkt: 'x' } }
}

test('64: every answer: status, challenge, body, and the reason for the operator alone', async (t) => {
  const { app, known, logged } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/admin', { config: { boundToken: { scopes: ['accounts', 'admin'] } } }, async () => 'in')
    app.get('/any', { config: { boundToken: { anyScope: ['admin', 'audit'] } } }, async () => 'in')
    app.get('/others', { config: { boundToken: { scopes: ['accounts'], clients: ['somebody else'] } } }, async () => 'in')
  }, { realm: 'a "quoted" realm' })
  for (const [token, claims] of Object.entries(tokens)) known.set(token, { ...ownersClaims, ...claims })

  for (const [name, { headers = {}, url = '/', status, error, code, reason }] of Object.entries(cases)) {
    await t.test(name, async () => {
      logged.length = 0
      const response = await app.inject({ url, headers })
      assert.equal(response.statusCode, status)
      assert.equal(response.json().code, `FST_BOUND_TOKEN_${code}`)
      assert.equal(response.headers['cache-control'], 'no-store')
      const challenge = String(response.headers['www-authenticate'])
      assert.ok(challenge.startsWith('Bearer realm="a \\"quoted\\" realm"'), challenge)
      assert.equal(/error="(\w+)"/.exec(challenge)?.[1] ?? null, error)
      assert.doesNotMatch(challenge + response.body, new RegExp(reason), 'the reason is not for the client')
      assert.match(logged.join(''), new RegExp(`"reason":"${reason}"`))
    })
  }

  await t.test('every invalid_token looks the same, so that a thief cannot tell how far a token got', async () => {
    const invalid = Object.values(cases).filter(({ error }) => error === 'invalid_token')
    const seen = new Set<string>()
    for (const { headers = {}, url = '/' } of invalid) {
      const { body, headers: { 'www-authenticate': challenge } } = await app.inject({ url, headers })
      seen.add(`${challenge} ${body}`)
    }
    assert.equal(seen.size, 1)
  })

  await t.test('the challenge names the scopes of the route, but not for a client that is not let in', async () => {
    const challenge = async (url: string) => String((await app.inject({ url, headers: by(owner) })).headers['www-authenticate'])
    assert.match(await challenge('/admin'), /, scope="accounts admin"$/)
    assert.match(await challenge('/any'), /, scope="admin audit"$/)
    assert.doesNotMatch(await challenge('/others'), /scope="/)
  })

  await t.test('a stranger does not learn that a scope is missing', async () => {
    assert.equal((await app.inject({ url: '/admin', headers: by(stranger) })).statusCode, 401)
  })

  await t.test('HEAD is answered alike', async () => {
    const response = await app.inject({ method: 'HEAD', url: '/', headers: by(stranger) })
    assert.equal(response.statusCode, 401)
    assert.match(String(response.headers['www-authenticate']), /invalid_token/)
  })
})

test('an error handler of the application\'s keeps the challenge, and finds the reason', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.setErrorHandler((error: Error & { reason?: string, statusCode?: number }, _request, reply) => {
      reply.code(error.statusCode ?? 500).send({ mine: error.reason })
    })
    app.get('/', async () => 'in')
  })
  const response = await app.inject({ url: '/', headers: by(stranger) })
  assert.equal(response.statusCode, 401)
  assert.deepEqual(response.json(), { mine: 'binding_mismatch' })
  assert.match(String(response.headers['www-authenticate']), /error="invalid_token"/)
  assert.equal(response.headers['cache-control'], 'no-store')
})
