// What an answer says of how long it may be remembered only ever shortens what the options allow.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { CachedTokens } from '../../lib/cache/cached.ts'
import type { IntrospectionOptions } from '../../lib/options.ts'
import { maxAgeOf } from '../../lib/token/cache-control.ts'
import { compileIssuer } from '../../lib/token/compile.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'
import { cacheOptions, evictableCache } from '../cache/scripted-resolver.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { clientAuth } from './issuer-at.ts'

const table: Array<[cacheControl: string, age: string, seconds: number]> = [
  ['', '', Infinity],
  ['', '10', Infinity],
  ['private', '', Infinity],
  ['public, must-revalidate', '', Infinity],
  ['s-maxage=5', '', Infinity],
  ['max-age', '', 0],
  ['max-age=', '', 0],
  ['max-age=0', '', 0],
  ['max-age=00', '', 0],
  ['max-age=60', '', 60],
  ['MAX-AGE=60', '', 60],
  ['max-age = 60', '', 60],
  ['max-age="60"', '', 60],
  ['max-age=060', '', 60],
  ['private, max-age=60', '', 60],
  ['max-age=60,private', '', 60],
  ['max-age=60, max-age=30', '', 30],
  ['max-age=30, max-age=60', '', 30],
  ['max-age=30, max-age=x', '', 0],
  ['no-store', '', 0],
  ['NO-STORE', '', 0],
  ['no-cache', '', 0],
  ['No-Cache="set-cookie"', '', 0],
  ['max-age=60, no-store', '', 0],
  ['no-store, max-age=60', '', 0],
  [' , ,max-age=60', '', 60],
  ['max-age=-1', '', 0],
  ['max-age=+60', '', 0],
  ['max-age=60.5', '', 0],
  ['max-age=1e3', '', 0],
  ['max-age=0x10', '', 0],
  ['max-age=6 0', '', 0],
  ['max-age=60;x', '', 0],
  ['max-age=60=60', '', 60],
  ['max-age=\'60\'', '', 0],
  ['max-age=Infinity', '', 0],
  ['max-age=NaN', '', 0],
  ['max-age=999999999999999', '', 999_999_999_999_999],
  ['max-age=9999999999999999', '', 0],
  [`max-age=${'9'.repeat(400)}`, '', 0],
  ['max-age=60', '0', 60],
  ['max-age=60', '20', 40],
  ['max-age=60', '60', 0],
  ['max-age=60', '61', 0],
  ['max-age=60', '-20', 0],
  ['max-age=60', 'x', 0],
  ['max-age=60', '1, 2', 0],
  ['max-age=60', '20.5', 0],
  ['max-age=60', '9'.repeat(400), 0]
]

for (const [cacheControl, age, seconds] of table) {
  test(`S-26: Cache-Control ${JSON.stringify(cacheControl.slice(0, 40))}, Age ${JSON.stringify(age.slice(0, 10))}: ${seconds} s`, () => {
    assert.equal(maxAgeOf(cacheControl, age), seconds * 1000)
  })
}

test('S-26: whatever it says, it is no less than nothing and no number that is none; more directives never lengthen it', () => {
  const directive = fc.oneof(fc.constantFrom('no-store', 'no-cache', 'private', 'max-age', 'max-age=', 'ext="a, b"'), fc.nat().map((seconds) => `max-age=${seconds}`), fc.string())
  const age = fc.oneof(fc.constant(''), fc.nat().map(String), fc.string())
  fc.assert(fc.property(fc.array(directive), fc.array(directive), age, (some, more, spent) => {
    const [fewer, all] = [maxAgeOf(some.join(', '), spent), maxAgeOf([...some, ...more].join(', '), spent)]
    assert.ok(fewer >= 0 && all >= 0)
    assert.ok(all <= fewer, `${all} > ${fewer}`)
    assert.ok(maxAgeOf(some.join(','), '') >= fewer, 'an age lengthens it')
  }), { numRuns: 1000 })
})

const noon = 1_800_000_000_000
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: noon }))
afterEach(() => mock.timers.reset())

interface Remembering {
  readonly server: doubles.Double
  readonly reports: string[]
  /** Whether a request for it, this long after the first, asks the server. */
  asksAgainAfter (milliseconds: number): Promise<boolean>
}

async function remembering (t: TestContext, headers: Record<string, string | string[]>, claims: object = { active: true }, introspection: Partial<IntrospectionOptions> = {}): Promise<Remembering> {
  const server = await doubles.startDouble((_call, response) => { response.writeHead(200, { ...doubles.jsonType, ...headers }).end(JSON.stringify(claims)) })
  t.after(() => server.close())
  const reports: string[] = []
  const issuer = await compileIssuer({
    issuer: 'https://login.example.com', audience: 'rs', allowInsecureLoopback: true, introspection: { clientAuth, endpoint: `${server.origin}/introspect`, ...introspection }
  }, 'issuer', (level, _name, detail) => { reports.push(`${level} ${detail}`) })
  t.after(async () => { await issuer.close() })
  let counter = 0
  const tokens = evictableCache(cacheOptions).of(issuer.introspection as TokenResolver)
  return {
    server,
    reports,
    async asksAgainAfter (milliseconds) {
      mock.timers.setTime(noon)
      const token = `token-${counter++}`
      await lookUp(tokens, token)
      const before = server.calls.length
      mock.timers.setTime(noon + milliseconds)
      await lookUp(tokens, token)
      return server.calls.length > before
    }
  }
}

async function lookUp (tokens: CachedTokens, token: string): Promise<void> {
  const key = tokens.keyOf(token)
  if (tokens.recall(key, token, Date.now(), Infinity) === undefined) await tokens.ask(key, token, Infinity)
}

for (const [name, headers] of Object.entries({
  'no-store': { 'cache-control': 'no-store' },
  'no-cache': { 'cache-control': 'no-cache' },
  'max-age=0': { 'cache-control': 'max-age=0' },
  'a max-age that an Age has used up': { 'cache-control': 'max-age=60', age: '60' },
  garbage: { 'cache-control': 'max-age=soon' },
  'no-store in a second line': { 'cache-control': ['max-age=60', 'no-store'] }
})) {
  test(`S-26: with ${name} every request asks, for active and inactive tokens, and the operator is told once`, async (t) => {
    for (const claims of [{ active: true, exp: noon / 1000 + 3600 }, { active: true }, { active: false }]) {
      const { asksAgainAfter, reports } = await remembering(t, headers, claims)
      for (let i = 0; i < 3; i++) assert.equal(await asksAgainAfter(0), true)
      assert.deepEqual(reports.map((report) => report.slice(0, 45)), ['info its answers forbid to be remembered (Cac'])
    }
  })
}

test('S-26: max-age shortens the life of an entry, less its Age', async (t) => {
  const plain = await remembering(t, { 'cache-control': 'max-age=10' })
  assert.equal(await plain.asksAgainAfter(9999), false)
  assert.equal(await plain.asksAgainAfter(10_000), true)
  const aged = await remembering(t, { 'cache-control': 'max-age=10', age: '4' })
  assert.equal(await aged.asksAgainAfter(5999), false)
  assert.equal(await aged.asksAgainAfter(6000), true)
})

test('S-26: a huge max-age lengthens nothing: not defaultTtl, not maxTtl, not exp, not negativeTtl', async (t) => {
  const long = { 'cache-control': 'max-age=999999999999999' }
  const lives: Array<[claims: object, milliseconds: number]> = [
    [{ active: true }, cacheOptions.defaultTtl],
    [{ active: true, exp: noon / 1000 + 86_400 }, cacheOptions.maxTtl],
    [{ active: true, exp: noon / 1000 + 7 }, 7000],
    [{ active: false }, cacheOptions.negativeTtl]
  ]
  for (const [claims, milliseconds] of lives) {
    const { asksAgainAfter } = await remembering(t, long, claims)
    assert.equal(await asksAgainAfter(milliseconds - 1), false, JSON.stringify(claims))
    assert.equal(await asksAgainAfter(milliseconds), true, JSON.stringify(claims))
  }
})

test('S-26: a max-age shorter than negativeTtl shortens that too', async (t) => {
  const { asksAgainAfter } = await remembering(t, { 'cache-control': 'max-age=1' }, { active: false })
  assert.equal(await asksAgainAfter(999), false)
  assert.equal(await asksAgainAfter(1000), true)
})

test('cacheControl "ignore" leaves it to the options, and tells nobody', async (t) => {
  for (const cacheControl of ['no-store', 'max-age=0', 'no-cache', 'max-age=soon']) {
    const { asksAgainAfter, reports } = await remembering(t, { 'cache-control': cacheControl }, { active: true }, { cacheControl: 'ignore' })
    assert.equal(await asksAgainAfter(cacheOptions.defaultTtl - 1), false)
    assert.equal(await asksAgainAfter(cacheOptions.defaultTtl), true)
    assert.deepEqual(reports, [])
  }
})

test('an answer that must not be remembered is still shared by all who ask at one time', async (t) => {
  const server = await doubles.startDouble(doubles.answer(200, { ...doubles.jsonType, 'cache-control': 'no-store' }, '{"active":true}'))
  t.after(() => server.close())
  const issuer = await compileIssuer({
    issuer: 'https://login.example.com', audience: 'rs', allowInsecureLoopback: true, introspection: { clientAuth, endpoint: `${server.origin}/i` }
  }, 'issuer', () => {})
  t.after(async () => { await issuer.close() })
  const tokens = evictableCache(cacheOptions).of(issuer.introspection as TokenResolver)
  await Promise.all(Array.from({ length: 100 }, async () => { await lookUp(tokens, 'abc') }))
  assert.equal(server.calls.length, 1)
})
