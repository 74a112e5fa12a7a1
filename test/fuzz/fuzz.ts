import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { isRefusal } from '../../lib/errors.ts'
import { certificates, spellingsOf } from './corpus.ts'
import { mutate } from './mutate.ts'
import { randomFrom, type Random } from './random.ts'
import { targets, type Target } from './targets.ts'

export interface Findings {
  readonly taken: number
  readonly refused: number
  /** Milliseconds. */
  readonly slowest: number
}

/** No call may hold up everybody else for longer. What takes more than the first is measured again. */
const [suspicious, mostMilliseconds] = [2, 50]

/** One in so many inputs is made by fast-check, which is slow, and one in so many is read twice although it was refused. */
const [shareOfArbitraries, shareReadTwice] = [200, 16]

/**
 * Sends inputs through one decoder: captures and good values with things wrong, good spellings of bytes with things wrong, and anything
 * at all. Throws, with the value, when one throws anything but a refusal, takes too long, or is taken for what it does not say.
 */
export function fuzz (name: string, count: number, seed: number): Findings {
  const makeTarget = targets[name]
  if (makeTarget === undefined) throw new Error(`no decoder "${name}"; there are ${Object.keys(targets).join(', ')}`)
  const target = makeTarget()
  const random = randomFrom(seed)
  const spellings = spellingsOf(target.format)
  const arbitraries = sampler(spellings, seed)
  let [taken, refused, slowest] = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const value = i % shareOfArbitraries === 0 ? arbitraries() : valueFrom(target, spellings, random)
    // What stands beside the value is chosen alike each time that it is read: a slow one is measured again as it was, and a seed repeats a run.
    const choices = random.below(2 ** 31)
    const start = performance.now()
    const outcome = read(target, value, randomFrom(choices))
    let elapsed = performance.now() - start
    // A machine that is busy with something else makes one call slow, but not three times.
    for (let again = 0; again < 3 && elapsed > suspicious; again++) elapsed = Math.min(elapsed, timeToRead(target, value, randomFrom(choices)))
    if (elapsed > slowest) slowest = elapsed
    if (outcome instanceof Error || elapsed > mostMilliseconds) throw failure(name, seed, i, value, outcome instanceof Error ? outcome : new Error(`${elapsed} ms`))
    if (outcome !== null) taken++
    else refused++
    if (outcome === null && (!target.takesAllThatIsSaid || i % shareReadTwice !== 0)) continue
    const said = target.said(value)
    if (!(outcome === null ? said === null : said !== null && Buffer.from(outcome).equals(said))) throw failure(name, seed, i, value, new Error(`says ${hexOf(said)}, read as ${hexOf(outcome)}`))
  }
  return { taken, refused, slowest }
}

/** What was taken, null for what was refused; any other error is a finding. */
function read (target: Target, value: string, random: Random): Uint8Array | Error | null {
  try {
    return target.read(value, random)
  } catch (error) {
    return isRefusal(error) ? null : error as Error
  }
}

function timeToRead (target: Target, value: string, random: Random): number {
  const start = performance.now()
  read(target, value, random)
  return performance.now() - start
}

function valueFrom ({ corpus }: Target, spellings: ReadonlyArray<(der: Buffer) => string>, random: Random): string {
  switch (random.below(8)) {
    case 0: return mutate(random.of(corpus.anything), random, random.of(corpus.good))
    case 1: return random.of(spellings)(brokenDer(random))
    case 2: return random.of(corpus.good)
    default: return mutate(random.of(corpus.good), random, random.of(corpus.anything))
  }
}

/** A certificate with a byte changed, lost or more. */
function brokenDer (random: Random): Buffer {
  const der = random.of(certificates)
  const at = random.below(der.length)
  const changed = Buffer.from(der)
  changed[at] = random.below(256)
  return [changed, der.subarray(0, at), Buffer.concat([der, der.subarray(at)]), Buffer.concat([der.subarray(0, at), der.subarray(at + 1)])][random.below(4)] as Buffer
}

function sampler (spellings: ReadonlyArray<(der: Buffer) => string>, seed: number): () => string {
  const arbitrary = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(...'ABab09+/=-_%:,;" \t'), maxLength: 200 }),
    fc.base64String({ maxLength: 200 }),
    fc.tuple(fc.constantFrom(...spellings), fc.uint8Array({ maxLength: 200 })).map(([spell, bytes]) => spell(Buffer.from(bytes)))
  )
  let [samples, round] = [[] as string[], 0]
  return () => {
    if (samples.length === 0) samples = fc.sample(arbitrary, { numRuns: 500, seed: seed + round++ })
    return samples.pop() as string
  }
}

function failure (name: string, seed: number, index: number, value: string, cause: Error): Error {
  return new assert.AssertionError({ message: `${name}, seed ${seed}, input ${index}: ${cause.message}\n${JSON.stringify(value)}` })
}

const hexOf = (bytes: Uint8Array | null): string => bytes === null ? 'nothing' : Buffer.from(bytes).toString('hex')
