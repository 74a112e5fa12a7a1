import assert from 'node:assert/strict'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { judgeCrl, parseCrl, parseCrlInSlices } from '../../../lib/certification-path/revocation/index.ts'
import { extension, nul, now, seq } from '../pki.ts'
import { crl, entry, issuer, reasonCode, target } from './revocation-pki.ts'

const count = 100_000
const reason = [reasonCode(4)]
const serials = Array.from({ length: count }, (_, index) => (0x7a31n << 112n) + BigInt(index) * 0x9e3779b97f4a7c15n)
const of = (extensions: readonly Buffer[]): Buffer => crl({ entries: seq(Buffer.concat([...serials.map((serial) => entry({ serial, extensions })), entry({ serial: 0x2001 })])) })
const large = of(reason)
const odd = of([...reason, extension('1.2.3.4', nul)])

/** Median of several runs, in milliseconds. */
function median (times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] as number
}

// Generous, since machines that run tests are busy; what was measured is printed.
test('a CRL of 100,000 entries is read in slices: other work gets its turn', async (t) => {
  for (const [title, bytes] of [['only reasons', large], ['more extensions', odd]] as const) {
    const runs: Array<{ took: number, longest: number }> = []
    for (let i = 0; i < 5; i++) {
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      const start = performance.now()
      const list = await parseCrlInSlices(bytes)
      runs.push({ took: performance.now() - start, longest: delay.max / 1e6 })
      delay.disable()
      assert.equal(list.entries.size, count + 1)
    }
    const start = performance.now()
    const list = parseCrl(bytes)
    const parsed = performance.now()
    assert.equal(judgeCrl(list, target, issuer, now).status, 'revoked')
    const judged = performance.now()
    const [took, longest] = [median(runs.map(({ took }) => took)), median(runs.map(({ longest }) => longest))]
    t.diagnostic(`${title}: ${(bytes.length / 1e6).toFixed(1)} MB, read in ${took.toFixed(0)} ms, longest block ${longest.toFixed(1)} ms`)
    t.diagnostic(`in one go ${(parsed - start).toFixed(0)} ms, verified and judged in ${(judged - parsed).toFixed(1)} ms`)
    assert.ok(longest < 100)
  }
})

test('the other work is counted: a CRL in slices lets it happen, a CRL in one go does not', async () => {
  let turns = 0
  let isReading = true
  const count = (): void => { if (isReading) { turns++; setImmediate(count) } }
  setImmediate(count)
  parseCrl(large)
  assert.equal(turns, 0)
  await parseCrlInSlices(large)
  isReading = false
  assert.ok(turns >= 40, String(turns))
})

test('looking a number up takes as long in a CRL of 100,000 entries as in one of a hundred', (t) => {
  const small = parseCrl(crl({ entries: seq(...serials.slice(0, 100).map((serial) => entry({ serial, extensions: reason }))) }))
  const big = parseCrl(large)
  const wanted = Buffer.from(`${(serials[50] as bigint).toString(16)}`, 'hex')
  const time = ({ entries }: typeof big): number => median(Array.from({ length: 9 }, () => {
    const start = performance.now()
    for (let i = 0; i < 2000; i++) entries.find(wanted)
    return performance.now() - start
  })) / 2
  assert.equal(small.entries.find(wanted)?.reason, 'superseded')
  assert.equal(big.entries.find(wanted)?.reason, 'superseded')
  const [few, many] = [time(small), time(big)]
  t.diagnostic(`${few.toFixed(2)} µs among 100, ${many.toFixed(2)} µs among 100,000`)
  assert.ok(many < few * 20 + 20)
})

test('a list is verified once for a key, however many certificates are judged by it', () => {
  const list = parseCrl(large)
  let verifications = 0
  const verify = (): 'valid' => { verifications++; return 'valid' }
  for (let i = 0; i < 100; i++) assert.equal(judgeCrl(list, target, issuer, now, { verify }).status, 'revoked')
  assert.equal(verifications, 1)
})
