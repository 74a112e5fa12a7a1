// What a client sees for each answer of the authorization server, through the whole plugin.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { json, jsonText } from '../doubles/authorization-server.ts'
import { by, owner, ownersClaims, protectedApp } from '../guard/protected-app.ts'

const seconds = Math.floor(Date.now() / 1000)
const outcomes = {
  200: ['', ''],
  401: ['FST_BOUND_TOKEN_INVALID_TOKEN', 'invalid_token'],
  502: ['FST_BOUND_TOKEN_BAD_RESPONSE', '']
} as const

const answers: Array<[name: string, status: keyof typeof outcomes, claims: object]> = [
  ['a token like it should be', 200, {}],
  ['I1: `active` is the string "true"', 502, { active: 'true' }],
  ['I2: not active, with full claims', 401, { active: false }],
  ['46, I10: `exp` has passed', 401, { exp: seconds - 1 }],
  ['I10: `exp` passed before 1970 was a second old', 401, { exp: 0 }],
  ['I10: `exp` lies ahead', 200, { exp: seconds + 60 }],
  ['I10: `exp` is a string', 502, { exp: String(seconds + 60) }],
  ['I10: `exp` in milliseconds would never pass', 502, { exp: (seconds + 60) * 1000 }],
  ['47, I11: `nbf` lies an hour ahead', 401, { nbf: seconds + 3600 }],
  ['I11: `nbf` has passed', 200, { nbf: seconds - 1 }],
  ['I12: `aud` is another', 401, { aud: 'https://api.example.com/' }],
  ['50, I12: `aud` is absent', 401, { aud: undefined }],
  ['I12: `aud` is an empty list', 401, { aud: [] }],
  ['I12: `aud` is a list with ours', 200, { aud: ['x', 'https://api.example.com'] }],
  ['I13: `iss` is another', 401, { iss: 'https://login.example.com/' }],
  ['51, I13: `iss` is another by case', 401, { iss: 'https://LOGIN.example.com' }],
  ['I13: `iss` is ours', 200, { iss: 'https://login.example.com' }],
  ['I14: `scope` is a list', 502, { scope: ['accounts'] }],
  ['I15: `cnf` is absent', 401, { cnf: undefined }],
  ['I15: `cnf` is null', 401, { cnf: null }],
  ['I15: `cnf` is empty', 401, { cnf: {} }],
  ['I15: `cnf` has the thumbprint with padding', 401, { cnf: { 'x5t#S256': `${owner.thumbprint}=` } }],
  ['I15: `cnf` has the thumbprint of another', 401, { cnf: { 'x5t#S256': 'A'.repeat(43) } }],
  ['52, I16: `token_type` DPoP', 401, { token_type: 'DPoP' }],
  ['I16: `token_type` Bearer, bound by `jkt` too', 401, { token_type: 'Bearer', cnf: { 'x5t#S256': owner.thumbprint, jkt: 'A'.repeat(43) } }],
  ['I16: `token_type` bearer', 200, { token_type: 'bearer' }],
  ['I17: `client_id` is a number', 502, { client_id: 1 }],
  ['I17: `sub` is an object', 502, { sub: { a: 1 } }],
  ['I18: `sub` with line breaks', 200, { sub: 'x\r\nX-Admin: 1' }]
]

for (const [name, status, claims] of answers) {
  test(`${name}: ${status}`, async (t) => {
    const { app, authorizationServer } = await protectedApp(t)
    authorizationServer.behave(json({ ...ownersClaims, ...claims }))
    const response = await app.inject({ url: '/', headers: by(owner) })
    assert.equal(response.statusCode, status, response.body)
    if (status === 200) return
    const [code, error] = outcomes[status]
    assert.equal(response.json().code, code)
    const challenge = String(response.headers['www-authenticate'] ?? '')
    assert.equal(/error="(\w+)"/.exec(challenge)?.[1] ?? '', error)
  })
}

test('I10: `exp` beyond what a number can hold', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  authorizationServer.behave(jsonText(JSON.stringify({ ...ownersClaims, exp: 7 }).replace('"exp":7', '"exp":1e400')))
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 502)
})

test('I23: a revoked token is let in inside the life of its entry, and not outside', async (t) => {
  const start = 1_800_000_000_000
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const { app, known } = await protectedApp(t, undefined, { cache: { maxTtl: 10_000 } })
  const status = async () => (await app.inject({ url: '/', headers: by(owner) })).statusCode
  assert.equal(await status(), 200)
  known.clear()
  mock.timers.setTime(start + 9999)
  assert.equal(await status(), 200)
  mock.timers.setTime(start + 10_000)
  assert.equal(await status(), 401)
})
