import assert from 'node:assert/strict'
import { mock, test, type TestContext } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { createPki } from '../../examples/demo/pki.ts'
import { json, startDouble, type Double } from '../doubles/authorization-server.ts'
import { faults, type Fault } from '../doubles/faults.ts'
import { eventually } from '../token/eventually.ts'
import { by, optionsFor, owner, ownersClaims, stranger } from './protected-app.ts'

/** Milliseconds: short where it is waited for, else so long that no busy machine reaches it. */
const limitOf = ({ isSlow }: Fault): number => isSlow ? 600 : 10_000
const start = 1_800_000_000_000
const claims = json({ ...ownersClaims, exp: start / 1000 + 3600 })

/** An application whose authorization server is fine. */
async function scene (t: TestContext, server: Double, staleIfError = 0, timeout = 10_000) {
  const { issuers: [issuer], ...others } = optionsFor(server.origin)
  assert.ok(issuer?.introspection)
  const app = Fastify()
  t.after(() => app.close())
  await app.register(boundToken, { ...others, cache: { staleIfError }, issuers: [{ ...issuer, introspection: { ...issuer.introspection, timeout } }] })
  app.get('/', async () => 'in')
  return app
}

/** A server with this fault, from when it is told so. */
async function faulty (t: TestContext, name: string, { behaviour }: Fault): Promise<[server: Double, breakIt: () => Promise<void>]> {
  const tls = name.includes('certificate') ? (await createPki()).server : null
  const server = await startDouble(claims, tls === null ? undefined : { cert: tls.certificate, key: tls.key })
  t.after(() => server.close())
  return [server, async () => {
    if (behaviour !== null) server.behave(behaviour)
    else if (tls === null) await server.close()
  }]
}

for (const [name, fault] of Object.entries(faults)) {
  test(`S-30, S-31, S-32: ${name}: ${fault.status}, ${fault.reason}, ${fault.calls === 1 ? 'one call' : `${fault.calls} calls`}`, async (t) => {
    const [server, breakIt] = await faulty(t, name, fault)
    const app = await scene(t, server, 0, limitOf(fault))
    await breakIt()
    const startedAt = performance.now()
    const response = await app.inject({ url: '/', headers: by(owner, 'new') })
    const took = performance.now() - startedAt
    const [{ introspection } = { introspection: null }] = app.boundToken.stats().issuers

    assert.equal(response.statusCode, fault.status)
    assert.deepEqual(app.boundToken.stats().decisions.refused, { [fault.reason]: 1 })
    assert.equal(introspection?.calls, fault.calls)
    assert.deepEqual(introspection.failures, { [fault.reason]: 1 })
    assert.equal(introspection.breaker, name.includes('Retry-After') ? 'open' : 'closed', 'a server that says when to come back is not asked before')
    if (fault.behaviour !== null) assert.equal(server.calls.length, fault.calls, 'calls that got there')
    assert.equal(response.headers['retry-after'], fault.retryAfter === null ? undefined : String(fault.retryAfter))
    assert.equal(response.headers['www-authenticate'], undefined)
    if (fault.isSlow) assert.ok(took >= limitOf(fault) - 5, `after ${took} ms`)
    assert.equal(app.boundToken.stats().tokens.entries + app.boundToken.stats().tokens.inactiveEntries, 0, 'nothing of it is remembered')
  })

  if (name.includes('certificate')) continue // It was never fine.
  test(`staleIfError: ${name}: a token that was known ${fault.isOutage ? 'still counts' : 'does not count, since somebody answered'}`, async (t) => {
    mock.timers.enable({ apis: ['Date'], now: start })
    t.after(() => mock.timers.reset())
    const [server, breakIt] = await faulty(t, name, fault)
    const app = await scene(t, server, 60_000, limitOf(fault))
    const status = async (who = owner) => (await app.inject({ url: '/', headers: by(who) })).statusCode
    assert.equal(await status(), 200)
    await breakIt()
    mock.timers.setTime(start + 60_000)
    assert.equal(await status(), fault.isOutage ? 200 : fault.status)
    assert.equal(await status(stranger), fault.isOutage ? 401 : fault.status, 'the binding is judged as always')
    assert.equal(app.boundToken.stats().tokens.stale, fault.isOutage ? 2 : 0)
    mock.timers.setTime(start + 120_000)
    assert.equal(await status(), fault.status, 'and no longer')
  })
}

test('S-32: a crowd with new tokens while nobody answers: as many calls as open the breaker, and those that were under way', async (t) => {
  const server = await startDouble(json({}, 503))
  t.after(() => server.close())
  const app = await scene(t, server)
  const crowd = async (count: number, name: string): Promise<Set<number>> =>
    new Set((await Promise.all(Array.from({ length: count }, (_, n) => app.inject({ url: '/', headers: by(owner, `${name}-${n}`) })))).map(({ statusCode }) => statusCode))
  for (let n = 0; n < 10; n++) await app.inject({ url: '/', headers: by(owner, `alone-${n}`) })
  // Five calls: the third token is not asked for again, nor any later one at all.
  assert.equal(server.calls.length, 5)
  assert.deepEqual(await crowd(200, 'open'), new Set([503]))
  assert.equal(server.calls.length, 5)
  const [{ introspection } = { introspection: null }] = app.boundToken.stats().issuers
  assert.equal(introspection?.breaker, 'open')
  assert.equal(introspection.skipped, 207)
})

test('S-32: after an outage a crowd does not run the server over, and in the end everybody gets in', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const server = await startDouble(json({}, 503))
  t.after(() => server.close())
  const app = await scene(t, server)
  for (let n = 0; n < 5; n++) await app.inject({ url: '/', headers: by(owner, `down-${n}`) })
  mock.timers.setTime(start + 1000)
  const held: Array<() => void> = []
  server.behave((call, response) => { held.push(() => claims(call, response)) })
  const waiting = new Set(Array.from({ length: 200 }, (_, n) => `token-${n}`))
  // Each answer doubles the number that may go at a time.
  for (const atATime of [1, 2, 8]) {
    let refusals = 0
    const round = [...waiting].map(async (token) => {
      const { statusCode } = await app.inject({ url: '/', headers: by(owner, token) })
      if (statusCode === 200) waiting.delete(token)
      else refusals += statusCode === 503 ? 1 : NaN
    })
    await eventually('all are refused or under way', () => refusals + held.length === round.length)
    assert.equal(held.length, atATime)
    for (const answer of held.splice(0)) answer()
    await Promise.all(round)
  }
  server.behave(claims)
  const statuses = await Promise.all([...waiting].map(async (token) => (await app.inject({ url: '/', headers: by(owner, token) })).statusCode))
  assert.deepEqual([statuses.length, new Set(statuses)], [189, new Set([200])])
})
