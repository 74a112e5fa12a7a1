import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { isRefusal, refuse, type Refusal } from '../../lib/errors.ts'
import { coolDown, keptCopy, staleFor } from '../../lib/token/kept-copy.ts'
import { copyOf, gate, settled } from './counted-copy.ts'
import { refused } from './refused.ts'

const noon = 1_800_000_000_000
const refreshEvery = 300_000
beforeEach(() => mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon }))
afterEach(() => mock.timers.reset())

const down = (): Refusal => refuse('issuer_unavailable', 'down')

test('nothing is fetched before somebody asks, and then once for all who ask', async () => {
  const { copy, source } = copyOf()
  await settled()
  assert.equal(source.calls, 0)
  const { held, open } = gate()
  source.held = held
  const all = Promise.all(Array.from({ length: 1000 }, async () => await copy.get()))
  await settled()
  open()
  assert.deepEqual([...new Set(await all)], [1])
  assert.equal(source.calls, 1)
})

test('who asks for a newer copy while one is fetched gets that one', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  mock.timers.tick(coolDown)
  const { held, open } = gate()
  source.held = held
  const all = Promise.all(Array.from({ length: 100 }, async () => await copy.renew()))
  await settled()
  assert.equal(await copy.get(), 1, 'the old copy serves meanwhile')
  open()
  assert.deepEqual([...new Set(await all)], [true])
  assert.equal(source.calls, 2)
  assert.equal(await copy.get(), 2)
})

test('a newer copy within ten seconds: no call, and false', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  assert.equal(await copy.renew(), false)
  mock.timers.tick(coolDown - 1)
  assert.equal(await copy.renew(), false)
  mock.timers.tick(1)
  assert.equal(await copy.renew(), true)
  assert.equal(source.calls, 2)
})

test('the cool-down counts from when a call began: one that hangs delays the next by no more than itself', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  mock.timers.tick(coolDown)
  const { held, open } = gate()
  source.held = held
  const slow = copy.renew()
  mock.timers.tick(coolDown)
  open()
  await slow
  assert.equal(await copy.renew(), true)
})

test('after failures the pause is 10, 20, 40, 60, 60 seconds, and a success makes it 10 again', async () => {
  const { copy, source } = copyOf({ refreshEvery: 86_400_000 })
  source.fault = down()
  const pauses: number[] = []
  let last = 0
  for (let second = 0; pauses.length < 6; second++) {
    const before = source.calls
    await copy.get().catch(() => {})
    if (source.calls > before) {
      pauses.push(second - last)
      last = second
    }
    mock.timers.tick(1000)
  }
  assert.deepEqual(pauses, [0, 10, 20, 40, 60, 60])
  source.fault = null
  mock.timers.tick(60_000)
  await copy.get()
  assert.equal(await copy.renew(), false)
  mock.timers.tick(coolDown)
  assert.equal(await copy.renew(), true)
})

test('while nothing is asked, each refusal is the last failure, an object of its own, and says when to come back', async () => {
  const { copy, source } = copyOf()
  source.fault = refuse('issuer_bad_response', 'a fault')
  const first = await refused('issuer_bad_response', copy.get())
  mock.timers.tick(2500)
  const [second, third] = [await refused('issuer_bad_response', copy.get()), await refused('issuer_bad_response', copy.renew())]
  assert.notEqual(first, second)
  assert.notEqual(second, third)
  assert.deepEqual([second.detail, second.retryAfter], ['a fault', 8])
  assert.equal(second.isOutage, undefined, 'nobody was asked')
  assert.equal(source.calls, 1)
})

test('a source that throws what is no refusal is at fault, and its text goes nowhere', async () => {
  const { copy, source, troubles } = copyOf()
  for (const fault of [new Error('secret'), 'secret', null, undefined, { reason: 'token_invalid', detail: 'secret' }]) {
    source.fault = fault ?? Object.create(null)
    const refusal = await refused('issuer_bad_response', copy.get())
    assert.equal(JSON.stringify(refusal).includes('secret') || refusal.message.includes('secret'), false)
    mock.timers.tick(60_000)
  }
  assert.equal(troubles.length, 1)
})

test('a copy is renewed in the background, without anybody asking and without anybody waiting', async () => {
  const { copy, source } = copyOf()
  await copy.get()
  for (let i = 2; i < 20; i++) {
    mock.timers.tick(refreshEvery)
    await settled()
    assert.equal(source.calls, i)
    assert.equal(await copy.get(), i)
  }
  assert.deepEqual(source.previous.slice(0, 3), [null, 1, 2])
})

test('a copy that is due is used while a newer one is on its way', async () => {
  const { copy, source } = copyOf({ refreshEvery: staleFor })
  await copy.get()
  mock.timers.setTime(noon + staleFor - 1)
  const { held, open } = gate()
  source.held = held
  const renewed = copy.renew()
  assert.equal(await copy.get(), 1)
  open()
  await renewed
  assert.equal(await copy.get(), 2)
})

test('a process that slept, so that no interval passed, renews when it is asked, and answers at once', async () => {
  const { copy, source } = copyOf({ refreshEvery: staleFor * 2 })
  await copy.get()
  const shortLived = keptCopy({ fetch: async () => ++source.calls, refreshEvery, onTrouble () {} })
  assert.equal(await shortLived.get(), 2)
  shortLived.close() // Without its interval.
  mock.timers.setTime(noon + refreshEvery)
  assert.equal(await shortLived.get(), 2)
  await settled()
  assert.equal(await shortLived.get(), 3)
})

test('S-20: whatever happens in whatever order, two calls that begin are ten seconds apart, and no copy is older than a day', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'get' as const, by: 0 }) },
    { weight: 4, arbitrary: fc.constant({ do: 'renew' as const, by: 0 }) },
    { weight: 1, arbitrary: fc.constant({ do: 'fail' as const, by: 0 }) },
    { weight: 1, arbitrary: fc.constant({ do: 'heal' as const, by: 0 }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), by: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: staleFor })) }) }
  )
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    mock.timers.reset()
    mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon })
    const begun: number[] = []
    let isDown = false
    const copy = keptCopy<number>({
      async fetch () {
        begun.push(Date.now())
        await null
        if (isDown) throw down()
        return Date.now()
      },
      refreshEvery,
      onTrouble () {}
    })
    for (const { do: what, by } of steps) {
      if (what === 'pass') mock.timers.tick(by)
      else if (what === 'get') {
        const fetchedAt = await copy.get().catch((error: unknown) => { assert.ok(isRefusal(error)); return null })
        if (fetchedAt !== null) assert.ok(Date.now() - fetchedAt < staleFor, 'older than a day')
      } else if (what === 'renew') await copy.renew().catch((error: unknown) => assert.ok(isRefusal(error)))
      else isDown = what === 'fail'
      await settled()
    }
    copy.close()
    begun.forEach((at, index) => { if (index > 0) assert.ok(at - (begun[index - 1] as number) >= coolDown, `${begun.join()}`) })
  }), { numRuns: 200 })
})

test('a copy keeps no process alive', () => {
  const module = pathToFileURL('lib/token/kept-copy.ts').href
  const script = `import { keptCopy } from ${JSON.stringify(module)}
    const copy = keptCopy({ fetch: async () => 1, refreshEvery: 3_600_000, onTrouble () {} })
    await copy.get()
    console.log('done')`
  const loader = process.execArgv.filter((argument, index, all) => !argument.startsWith('--test') && (argument.startsWith('--import') || all[index - 1] === '--import' || argument.startsWith('--disable-warning')))
  const { stdout, status, stderr } = spawnSync(process.execPath, [...loader, '--input-type=module', '--eval', script], { timeout: 20_000, encoding: 'utf8' })
  assert.equal(stdout.trim(), 'done', stderr)
  assert.equal(status, 0)
})
