import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { breaker } from '../../lib/token/breaker.ts'
import type { Resolved, TokenResolver } from '../../lib/token/resolver.ts'
import { refuse, type Refusal } from '../../lib/errors.ts'
import { refused } from './refused.ts'

const inactive: Resolved = { record: null, maxAge: Infinity, key: null, canBeMultiplied: false, isAsked: true }

beforeEach(() => mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 }))
afterEach(() => mock.timers.reset())

/** A resolver that does what is next in `outcomes`, and the breaker over it. */
function scripted () {
  const script = { asked: 0, next: (): Promise<Resolved> => Promise.resolve(inactive) }
  const resolver: TokenResolver = {
    identity: ['a', 'b'],
    resolve () {
      script.asked++
      return script.next()
    },
    close: async () => {}
  }
  return { script, guarded: breaker(resolver) }
}

const down = (): Promise<Resolved> => Promise.reject(Object.assign(refuse('issuer_unavailable'), { isOutage: true }))
const fine = (): Promise<Resolved> => Promise.resolve(inactive)

function pass (milliseconds: number): void {
  mock.timers.setTime(Date.now() + milliseconds)
}

/** The breaker after so many failures in a row. */
async function failed (times: number) {
  const scene = scripted()
  scene.script.next = down
  for (let i = 0; i < times; i++) await refused('issuer_unavailable', scene.guarded.resolve('abc'))
  return scene
}

async function refusedUnasked ({ script, guarded }: ReturnType<typeof scripted>): Promise<Refusal> {
  const before = script.asked
  const refusal = await refused('issuer_unavailable', guarded.resolve('abc'))
  assert.equal(script.asked, before, 'it was asked')
  return refusal
}

async function asks ({ script, guarded }: ReturnType<typeof scripted>, outcome: () => Promise<Resolved>): Promise<void> {
  const before = script.asked
  script.next = outcome
  await guarded.resolve('abc').catch(() => {})
  assert.equal(script.asked, before + 1, 'it was not asked')
}

test('I9: the fifth failure in a row opens it, no earlier one', async () => {
  await asks(await failed(4), down)
  const refusal = await refusedUnasked(await failed(5))
  assert.equal(refusal.detail, 'it failed several times in a row and is not asked for a while')
  assert.equal(refusal.retryAfter, 1)
})

test('an answer in between starts the count anew', async () => {
  const scene = await failed(4)
  await asks(scene, fine)
  for (let i = 0; i < 4; i++) await asks(scene, down)
  await asks(scene, down)
  await refusedUnasked(scene)
})

for (const [name, outcome] of Object.entries<() => Promise<Resolved>>({
  'a failure that may be about one token': () => Promise.reject(Object.assign(refuse('issuer_unavailable'), { isOutage: false })),
  'a refusal of our credentials': () => Promise.reject(refuse('issuer_refused_us')),
  'an answer that is not usable': () => Promise.reject(refuse('issuer_bad_response')),
  'a fault of ours': () => Promise.reject(new TypeError('a bug'))
})) {
  test(`${name} shows that somebody is there`, async () => {
    const scene = await failed(4)
    for (let i = 0; i < 20; i++) await asks(scene, outcome)
    for (let i = 0; i < 5; i++) await asks(scene, down)
    await refusedUnasked(scene)
  })

  test(`${name} closes it`, async () => {
    const scene = await failed(5)
    pass(1000)
    await asks(scene, outcome)
    await asks(scene, fine)
  })
}

test('a refusal of our own, with nobody asked, is no sign of life and no failure', async () => {
  const nobodyAsked = (): Promise<Resolved> => Promise.reject(refuse('issuer_unavailable', 'too many calls under way'))
  const scene = await failed(4)
  for (let i = 0; i < 20; i++) await asks(scene, nobodyAsked)
  await asks(scene, down)
  await refusedUnasked(scene)
  pass(1000)
  await asks(scene, nobodyAsked)
  await asks(scene, down)
  assert.equal((await refusedUnasked(scene)).retryAfter, 2)
})

test('errors come through as they are', async () => {
  const { script, guarded } = scripted()
  const error = new TypeError('a bug')
  script.next = () => Promise.reject(error)
  await assert.rejects(guarded.resolve('abc'), (thrown: unknown) => thrown === error)
})

test('it stays open for a second, to the millisecond', async () => {
  const scene = await failed(5)
  pass(999)
  await refusedUnasked(scene)
  pass(1)
  await asks(scene, fine)
  await asks(scene, fine)
})

test('Retry-After is a whole number of seconds, rounded up', async () => {
  const scene = await failed(5)
  pass(1000)
  await asks(scene, down)
  for (const [later, seconds] of [[0, 2], [1, 2], [999, 1], [999, 1]] as const) {
    pass(later)
    assert.equal((await refusedUnasked(scene)).retryAfter, seconds)
  }
})

test('each further failure doubles the pause, up to thirty seconds', async () => {
  const scene = await failed(5)
  for (const pause of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]) {
    assert.equal((await refusedUnasked(scene)).retryAfter, pause / 1000)
    pass(pause - 1)
    assert.equal((await refusedUnasked(scene)).retryAfter, 1)
    pass(1)
    await asks(scene, down)
  }
})

test('after an answer the next pause is a second again', async () => {
  const scene = await failed(5)
  pass(1000)
  await asks(scene, down)
  pass(2000)
  await asks(scene, fine)
  for (let i = 0; i < 5; i++) await asks(scene, down)
  assert.equal((await refusedUnasked(scene)).retryAfter, 1)
  pass(1000)
  await asks(scene, fine)
})

test('when the pause is over one call tries, and the others do not wait for it', async () => {
  const scene = await failed(5)
  const { script, guarded } = scene
  pass(1000)
  let settle = (_value: Resolved): void => {}
  script.next = () => new Promise((resolve) => { settle = resolve })
  const trying = guarded.resolve('abc')
  assert.equal((await refusedUnasked(scene)).retryAfter, 1)
  await refusedUnasked(scene)
  settle(inactive)
  assert.equal(await trying, inactive)
  await asks(scene, fine)
})

test('identity and close are those of the resolver', async () => {
  let closed = 0
  const guarded = breaker({ identity: ['x', 'y'], resolve: fine, close: async () => { closed++ } })
  assert.deepEqual(guarded.identity, ['x', 'y'])
  await guarded.close()
  assert.equal(closed, 1)
})
