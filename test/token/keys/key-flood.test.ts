// Tokens of an attacker that name keys which are not there: they cost the issuer one call in ten seconds, and nobody else anything.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, mock, test } from 'node:test'
import { coolDown } from '../../../lib/token/kept-copy.ts'
import * as doubles from '../../doubles/authorization-server.ts'
import { refused } from '../refused.ts'
import { signingKey, type SigningKey } from '../signing-key.ts'
import { forged, keysAt } from './keys-at.ts'

const noon = 1_800_000_000_000
let server: doubles.Double
let good: SigningKey
let attacks: string[]
let token: string

before(async () => {
  server = await doubles.startDouble(doubles.hang)
  good = await signingKey('good')
  attacks = await forged(1000, await signingKey('x'))
  token = await good.sign({ sub: 'alice' })
})
after(() => server.close())
beforeEach(() => {
  server.behave(doubles.json({ keys: [good.jwk()] }))
  server.calls.length = 0
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon })
})
afterEach(() => mock.timers.reset())

const afterwards: Record<string, { behaviour: doubles.Behaviour, reasons: string[] }> = {
  'is fine': { behaviour: (call, response) => doubles.json({ keys: [good.jwk()] })(call, response), reasons: ['token_invalid'] },
  'answers 503': { behaviour: doubles.json({}, 503), reasons: ['issuer_unavailable'] },
  hangs: { behaviour: doubles.hang, reasons: ['issuer_unavailable'] },
  'tears connections down': { behaviour: doubles.reset, reasons: ['issuer_unavailable'] },
  'is empty': { behaviour: doubles.json({ keys: [] }), reasons: ['issuer_bad_response'] },
  'has no keys': { behaviour: doubles.json({}), reasons: ['issuer_bad_response'] },
  'is HTML': { behaviour: doubles.html, reasons: ['issuer_bad_response'] },
  redirects: { behaviour: doubles.redirect(302, 'http://127.0.0.1:1/jwks'), reasons: ['issuer_bad_response'] }
}

for (const [name, { behaviour, reasons }] of Object.entries(afterwards)) {
  test(`S-20: 1000 random key IDs at a time, and the set ${name}: one call`, async (t) => {
    const keys = keysAt(t, server, { timeout: 100 })
    await keys.verify(token)
    assert.equal(server.calls.length, 1)
    server.behave(behaviour)
    mock.timers.tick(coolDown)
    const outcomes = await Promise.all(attacks.map(keys.outcome))
    assert.deepEqual([...new Set(outcomes)], reasons)
    assert.equal(server.calls.length, 2)
    assert.equal(await keys.outcome(token), 'verified', 'a good key was pushed out')
    assert.equal(server.calls.length, 2)
  })

  test(`S-20: 1000 random key IDs one after another, and the set ${name}: one call in a cool-down`, async (t) => {
    const keys = keysAt(t, server, { timeout: 100 })
    await keys.verify(token)
    server.behave(behaviour)
    const made = server.calls.length
    // A hundred seconds: ten cool-downs.
    for (const [index, attack] of attacks.entries()) {
      if (index % 10 === 0) mock.timers.tick(1000)
      await keys.outcome(attack)
      if (index % 250 === 249) assert.equal(await keys.outcome(token), 'verified', 'a good key was pushed out')
    }
    assert.ok(server.calls.length - made <= 10, `${server.calls.length - made} calls`)
  })
}

test('S-20: an attack from the start, while the set can not be had, makes one call, and good tokens are verified once it is back', async (t) => {
  server.behave(doubles.json({}, 503))
  const keys = keysAt(t, server)
  const outcomes = await Promise.all([token, ...attacks].map(keys.outcome))
  assert.deepEqual([...new Set(outcomes)], ['issuer_unavailable'])
  assert.equal(server.calls.length, 1)
  server.behave(doubles.json({ keys: [good.jwk()] }))
  assert.equal(await keys.outcome(token), 'issuer_unavailable')
  assert.equal(server.calls.length, 1)
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(token), 'verified')
  assert.equal(server.calls.length, 2)
})

test('S-20: with failures the cool-down grows to a minute and no further', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  server.behave(doubles.json({}, 503))
  const at: number[] = []
  for (let second = 0; second < 240; second++) {
    mock.timers.tick(1000)
    const before = server.calls.length
    await keys.outcome(attacks[second] as string)
    if (server.calls.length > before) at.push(second + 1)
  }
  assert.deepEqual(at, [10, 20, 40, 80, 140, 200])
})

test('S-20: garbage without a key ID, and signatures that do not fit, make one call in a cool-down too', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  const [, payload] = token.split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt' })).toString('base64url')
  for (let i = 0; i < 100; i++) {
    mock.timers.tick(100)
    assert.equal(await keys.outcome(`${header}.${payload}.${Buffer.alloc(64, i + 1).toString('base64url')}`), 'token_invalid')
  }
  assert.ok(server.calls.length <= 2, `${server.calls.length} calls`)
})

test('S-20: a bad signature by a key that is there asks nobody', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  mock.timers.tick(coolDown)
  const mallory = await signingKey('good')
  for (let i = 0; i < 20; i++) assert.equal(await keys.outcome(await mallory.sign({ sub: `${i}` })), 'token_invalid')
  assert.equal(server.calls.length, 1)
})

test('S-20: key IDs that are names of an object\'s members, empty, or long are only compared', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  const mallory = await signingKey('x')
  for (const kid of ['__proto__', 'constructor', 'toString', '', '../../etc/passwd', 'http://169.254.169.254/', 'x'.repeat(1024), 'x'.repeat(1025), '\u0000', '\' OR 1=1 --']) {
    mock.timers.tick(coolDown)
    assert.equal(await keys.outcome(await mallory.sign({}, { kid })), 'token_invalid', kid)
  }
  for (const kid of [1, null, {}, ['good'], true]) assert.equal(await keys.outcome(await good.sign({}, { kid })), 'token_invalid', JSON.stringify(kid))
  assert.equal([...new Set(server.calls.map(({ url }) => url))].join(), '/jwks')
})

test('252: a key ID that was looked for in vain is looked for more seldom, every thirty seconds at the least', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  mock.timers.tick(coolDown)
  const at: number[] = []
  // Without the interval that renews the set anyway.
  for (let second = 0; second < 299; second++) {
    const before = server.calls.length
    await keys.outcome(attacks[0] as string)
    if (server.calls.length > before) at.push(second)
    mock.timers.setTime(Date.now() + 1000)
  }
  assert.deepEqual(at.slice(0, 5), [0, 10, 30, 60, 90])
})

test('252: a key ID that is missed does not slow down another one', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  for (let i = 0; i < 4; i++) {
    mock.timers.tick(coolDown * 2 ** i)
    await keys.outcome(attacks[0] as string)
  }
  const next = await signingKey('next')
  server.behave(doubles.json({ keys: [good.jwk(), next.jwk()] }))
  mock.timers.tick(coolDown)
  assert.equal(await keys.outcome(await next.sign({ sub: 'alice' })), 'verified')
})

test('a key ID that is not there: 401 with a fresh set, 503 with Retry-After where the set can not be had', async (t) => {
  const keys = keysAt(t, server)
  await keys.verify(token)
  await refused('token_invalid', keys.verify(attacks[0] as string))
  server.behave(doubles.json({}, 503))
  mock.timers.tick(coolDown)
  await refused('issuer_unavailable', keys.verify(attacks[1] as string))
  mock.timers.tick(4000)
  const refusal = await refused('issuer_unavailable', keys.verify(attacks[2] as string))
  assert.equal(refusal.retryAfter, 6)
  assert.equal(refusal.statusCode, 503)
})
