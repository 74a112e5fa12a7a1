import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import * as doubles from '../doubles/authorization-server.ts'
import { keptCopy, staleFor } from '../../lib/token/kept-copy.ts'
import { refuse } from '../../lib/errors.ts'
import { signingKey } from './signing-key.ts'
import { keysAt } from './keys/keys-at.ts'
import { generateKeyPairSync } from 'node:crypto'
const noon = 1_800_000_000_000
beforeEach(() => mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon }))
afterEach(() => mock.timers.reset())
test('B1 retired after an outage of more than a day', async (t) => {
  const [old, next] = [await signingKey('old'), await signingKey('next')]
  const server = await doubles.startDouble(doubles.json({ keys: [old.jwk()] }))
  t.after(() => server.close())
  const keys = keysAt(t, server)
  const { key } = await keys.verify(await old.sign({}))
  server.behave(doubles.json({}, 503))
  for (let i = 0; i < 25 * 60; i++) { mock.timers.tick(60_000); await keys.settled() }
  server.behave(doubles.json({ keys: [next.jwk()] }))
  for (let i = 0; i < 10; i++) { mock.timers.tick(60_000); await keys.settled() }
  assert.equal(await keys.outcome(await next.sign({})), 'verified')
  assert.equal(key.isRetired, true)
})
test('B2 set of unusable-for-signature keys pushes out', async (t) => {
  const good = await signingKey('good')
  const server = await doubles.startDouble(doubles.json({ keys: [good.jwk()] }))
  t.after(() => server.close())
  for (const jwk of [generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }), generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }), good.jwk({ alg: 'ECDH-ES' }), good.jwk({ alg: 'none' })]) {
    server.behave(doubles.json({ keys: [good.jwk()] }))
    const keys = keysAt(t, server)
    await keys.verify(await good.sign({}))
    server.behave(doubles.json({ keys: [jwk] }))
    mock.timers.tick(300_000); await keys.settled()
    console.log(JSON.stringify(jwk), await keys.outcome(await good.sign({})), keys.troubles.length)
  }
})
test('B3 clock set back lengthens', async () => {
  let down = false
  const copy = keptCopy({ fetch: async () => { if (down) throw refuse('issuer_unavailable'); return 1 }, refreshEvery: 300_000, onTrouble () {} })
  await copy.get()
  down = true
  mock.timers.setTime(noon - 30 * staleFor)
  for (let i = 0; i < 48; i++) { mock.timers.tick(3_600_000); await new Promise((r) => setImmediate(r)) }
  await assert.rejects(copy.get())
})
