// What a JWK set may hold, and what it may not.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, mock, test } from 'node:test'
import * as doubles from '../../doubles/authorization-server.ts'
import { signingKey, type SigningKey } from '../signing-key.ts'
import { keysAt } from './keys-at.ts'

let server: doubles.Double
let good: SigningKey
let token: string
before(async () => {
  server = await doubles.startDouble(doubles.hang)
  good = await signingKey('good')
  token = await good.sign({ sub: 'alice' })
})
after(() => server.close())
beforeEach(() => {
  server.calls.length = 0
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_800_000_000_000 })
})
afterEach(() => mock.timers.reset())

const manyKeys = (count: number): unknown[] => Array.from({ length: count }, (_, index) => good.jwk({ kid: `k-${index}` }))

const unusable: Record<string, () => doubles.Behaviour> = {
  'no keys': () => doubles.json({ keys: [] }),
  'no `keys`': () => doubles.json({}),
  '`keys` null': () => doubles.json({ keys: null }),
  '`keys` an object': () => doubles.json({ keys: { 0: good.jwk(), length: 1 } }),
  '`keys` a string': () => doubles.json({ keys: JSON.stringify([good.jwk()]) }),
  'an array': () => doubles.json([good.jwk()]),
  'a JWK alone': () => doubles.json(good.jwk()),
  '`keys` twice': () => doubles.jsonText(`{"keys":[${JSON.stringify(good.jwk())}],"keys":[]}`),
  'a JWK with `kid` twice': () => doubles.jsonText(JSON.stringify({ keys: [good.jwk()] }).replace('"kid":"good"', '"kid":"good","kid":"good"')),
  '`keys` of the prototype': () => doubles.jsonText(`{"__proto__":{"keys":[${JSON.stringify(good.jwk())}]}}`),
  HTML: () => doubles.html,
  'text/plain': () => doubles.jsonText(JSON.stringify({ keys: [good.jwk()] }), 'text/plain'),
  'no content type': () => doubles.answer(200, {}, JSON.stringify({ keys: [good.jwk()] })),
  'JSON in another charset': () => doubles.jsonText(JSON.stringify({ keys: [good.jwk()] }), 'application/json;charset=latin1'),
  'a BOM': () => doubles.jsonText(`\ufeff${JSON.stringify({ keys: [good.jwk()] })}`),
  'gzip that nobody asked for': () => doubles.gzipBomb,
  '10 MB': () => doubles.jsonText(JSON.stringify({ keys: [good.jwk({ x5c: ['A'.repeat(10_000_000)] })] })),
  'no end': () => doubles.endless,
  '10 000 keys': () => doubles.json({ keys: manyKeys(1500) }),
  '101 keys': () => doubles.json({ keys: manyKeys(101) }),
  'deep nesting': () => doubles.jsonText(`{"keys":${'['.repeat(5000)}${']'.repeat(5000)}}`),
  'members that are no JWKs': () => doubles.json({ keys: [null, 1, 'x', [], [good.jwk()], true, {}] })
}

for (const [name, behaviour] of Object.entries(unusable)) {
  test(`J1: a set with ${name} gives no key at the start, and pushes out none later`, async (t) => {
    server.behave(behaviour())
    assert.equal(await keysAt(t, server).outcome(token), 'issuer_bad_response')
    server.behave(doubles.json({ keys: [good.jwk()] }))
    const keys = keysAt(t, server)
    assert.equal(await keys.outcome(token), 'verified')
    server.behave(behaviour())
    mock.timers.tick(300_000)
    await keys.settled()
    assert.equal(await keys.outcome(token), 'verified')
    assert.equal(keys.troubles.length, 1)
  })
}

for (const [name, type] of [['application/json', 'application/json'], ['its own media type', 'application/jwk-set+json'], ['a charset', 'application/json; charset=UTF-8']] as const) {
  test(`a set with ${name} is read`, async (t) => {
    server.behave(doubles.jsonText(JSON.stringify({ keys: [good.jwk()] }), type))
    assert.equal(await keysAt(t, server).outcome(token), 'verified')
  })
}

test('J1: a hundred keys are read', async (t) => {
  server.behave(doubles.json({ keys: [...manyKeys(99), good.jwk()] }))
  assert.equal(await keysAt(t, server).outcome(token), 'verified')
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`J9: ${status} to another place is a fault, and is not followed`, async (t) => {
    const elsewhere = await doubles.startDouble(doubles.json({ keys: [good.jwk()] }))
    t.after(() => elsewhere.close())
    for (const location of [`${elsewhere.origin}/jwks`, `${server.origin}/other`, '/other', 'file:///etc/passwd', 'http://169.254.169.254/latest']) {
      server.behave(doubles.redirect(status, location))
      assert.equal(await keysAt(t, server).outcome(token), 'issuer_bad_response')
    }
    assert.equal(elsewhere.calls.length, 0)
    assert.deepEqual([...new Set(server.calls.map(({ url }) => url))], ['/jwks'])
  })
}
