import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { breaker, type BreakerOptions } from '../../lib/token/breaker.ts'
import type { Resolved } from '../../lib/token/resolver.ts'
import { refuse, type Refusal } from '../../lib/errors.ts'
import { refused } from './refused.ts'

const inactive: Resolved = { record: null, maxAge: Infinity, key: null, canBeMultiplied: false, isAsked: true }

beforeEach(() => mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 }))
afterEach(() => mock.timers.reset())

/** A call that does what is next, and the breaker over it. */
function scripted (options: Partial<BreakerOptions> = {}) {
  const script = { asked: 0, next: (): Promise<Resolved> => Promise.resolve(inactive) }
  const call = (): Promise<Resolved> => {
    script.asked++
    return script.next()
  }
  const { run, state } = breaker({ failures: 5, pause: 1000, maxPause: 30_000, onState () {}, ...options })
  return { script, state, guarded: { resolve: (_token: string) => run(call) } }
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

async function refusedUnasked ({ script, guarded }: Pick<ReturnType<typeof scripted>, 'script' | 'guarded'>): Promise<Refusal> {
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
  for (const pause of [1000, 2000]) {
    pass(pause)
    await asks(scene, down)
  }
  pass(4000)
  await asks(scene, fine)
  await asks(scene, down)
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

/** The breaker over calls that are held until they are told to end. */
function held (options: Partial<BreakerOptions> = {}) {
  const underWay: Array<(outcome: () => Promise<Resolved>) => void> = []
  const scene = scripted(options)
  scene.script.next = () => new Promise((resolve, reject) => { underWay.push((outcome) => { outcome().then(resolve, reject) }) })
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    ...scene,
    /** @returns how many of so many requests were let through */
    async crowd (size: number): Promise<number> {
      const before = scene.script.asked
      for (let i = 0; i < size; i++) scene.guarded.resolve('abc').catch(() => {})
      await turn()
      return scene.script.asked - before
    },
    async end (count: number, outcome: () => Promise<Resolved>): Promise<void> {
      for (const settle of underWay.splice(0, count)) settle(outcome)
      await turn()
      await turn()
    }
  }
}

test('S-32: a server that comes back is asked by one, then by two at a time, four, and so on, whatever the crowd', async () => {
  const states: string[] = []
  const scene = held({ onState: (state) => { states.push(state) } })
  assert.equal(await scene.crowd(5), 5)
  await scene.end(5, down)
  assert.equal(await scene.crowd(1000), 0)
  assert.equal(scene.state(), 'open')
  pass(1000)
  assert.equal(scene.state(), 'half-open')
  const through: number[] = []
  for (let answers = 0; answers < 7; answers++) {
    through.push(await scene.crowd(1000))
    assert.equal(scene.state(), answers === 0 ? 'half-open' : 'recovering')
    await scene.end(1, fine)
  }
  // Each answer frees one place and doubles them: of two places one is taken, then of four two are, and so on.
  assert.deepEqual(through, [1, 2, 3, 5, 9, 17, 33])
  assert.equal(scene.state(), 'closed')
  assert.equal(await scene.crowd(1000), 1000)
  assert.deepEqual(states, ['open', 'half-open', 'recovering', 'closed'])
})

test('S-32: one failure on the way back has it left alone again, for a second; older failures do not', async () => {
  const scene = held()
  await scene.crowd(7)
  await scene.end(5, down)
  pass(1000)
  await scene.crowd(1)
  await scene.end(1, down) // One of the seven.
  assert.equal(scene.state(), 'half-open')
  await scene.end(2, fine)
  assert.equal(scene.state(), 'recovering')
  await scene.crowd(2)
  await scene.end(1, down)
  assert.equal(scene.state(), 'open')
  assert.equal((await refusedUnasked(scene)).retryAfter, 1)
  pass(1000)
  assert.equal(await scene.crowd(10), 1)
})

test('calls for which nobody was asked leave the way back as it is, and give their place back', async () => {
  const scene = held()
  await scene.crowd(5)
  await scene.end(5, down)
  pass(1000)
  for (let i = 0; i < 3; i++) {
    assert.equal(await scene.crowd(3), 1)
    await scene.end(1, () => Promise.reject(refuse('issuer_unavailable', 'no keys')))
    assert.equal(scene.state(), 'half-open')
  }
})

const askedFor = (seconds: number) => () => Promise.reject(Object.assign(refuse('issuer_unavailable'), { isOutage: true, askedPause: seconds * 1000 }))

test('I8: a server that says when to come back is not asked before, from its first word on', async () => {
  const scene = scripted()
  await asks(scene, askedFor(7))
  const refusal = await refusedUnasked(scene)
  assert.deepEqual([refusal.retryAfter, refusal.detail], [7, 'it asked to be left alone for a while'])
  pass(6999)
  assert.equal((await refusedUnasked(scene)).retryAfter, 1)
  pass(1)
  await asks(scene, fine)
})

test('I8: what it still answers to earlier calls does not cut the pause short that it asked for; a longer one counts', async () => {
  const scene = held()
  await scene.crowd(4)
  await scene.end(1, askedFor(7))
  await scene.end(1, fine)
  assert.equal((await refusedUnasked(scene)).retryAfter, 7)
  await scene.end(1, askedFor(60))
  assert.equal((await refusedUnasked(scene)).retryAfter, 60)
  await scene.end(1, askedFor(1))
  assert.equal((await refusedUnasked(scene)).retryAfter, 60)
  pass(60_000)
  assert.equal(await scene.crowd(10), 1)
})

test('I8: the longer one of the two pauses counts', async () => {
  const scene = await failed(4)
  await asks(scene, askedFor(7))
  assert.equal((await refusedUnasked(scene)).retryAfter, 7)
  pass(7000)
  await asks(scene, down)
  assert.equal((await refusedUnasked(scene)).retryAfter, 2)
  pass(2000)
  await asks(scene, askedFor(1))
  assert.equal((await refusedUnasked(scene)).retryAfter, 4)
})

test('its numbers are options', async () => {
  const scene = scripted({ failures: 2, pause: 200, maxPause: 300 })
  await asks(scene, down)
  await asks(scene, down)
  for (const pause of [200, 300, 300]) {
    pass(pause - 1)
    await refusedUnasked(scene)
    pass(1)
    await asks(scene, down)
  }
})
