// Contenders of one group in turn, so that what the machine does meanwhile happens to all of them.

import type { Figure, Row } from './result.ts'
import type { Running } from './running.ts'

export interface RoundsOptions {
  readonly group: string
  readonly rounds: number
  /** Of each contender in each round. */
  readonly requests: number
  /** Whether garbage is collected before the last warm-up: what filling a large cache has left is no cost of a request. */
  readonly isTidied?: boolean
}

/** With fewer, V8 still compiles in the rounds that count: a burst of 50 ms at about the thirty thousandth request. */
const warmUps = 12

/** Makes known what shall be known. @returns what was seen of it, by contender */
export async function fill (running: readonly Running[], group: string): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const each of running.filter(({ contender }) => contender.isOurs && contender.traffic.hitPercent > 0)) {
    const { known } = each.contender.traffic
    const isLarge = known > 10_000
    const { delay } = await each.under({ count: known, order: 'each', connections: isLarge ? 64 : 16 }, { delay: true })
    if (isLarge && delay !== null) figures.push({ group, name: nameOf(each), what: 'longest delay of the event loop while they come to be known', unit: 'ms', of: 'most', values: [delay.most] })
  }
  return figures
}

export async function interleave (running: readonly Running[], { group, rounds, requests, isTidied = false }: RoundsOptions): Promise<Row[]> {
  const times = new Map<Running, number[]>(running.map((each) => [each, []]))
  for (let warmUp = 0; warmUp < warmUps; warmUp++) {
    if (isTidied && warmUp === warmUps - 1) for (const each of running) await each.memory()
    for (const each of running) await each.under({ count: requests })
  }
  for (let round = 0; round < rounds; round++) {
    for (const each of inTurn(running, round)) {
      const { cpu } = await each.under({ count: requests })
      times.get(each)?.push(cpu / requests)
    }
  }
  return running.map((each) => ({
    group,
    name: each.contender.name,
    revision: each.revision,
    against: each.contender.against ?? null,
    beyond: each.contender.beyond ?? null,
    times: times.get(each) as number[]
  }))
}

/** Rounds, dealt out to so many starts. */
export function shares (rounds: number, starts: number): number[] {
  return Array.from({ length: starts }, (_, start) => Math.floor((rounds * (start + 1)) / starts) - Math.floor((rounds * start) / starts))
}

/** Adds what another start of the same contenders took. */
export function addTimes (rows: Row[], more: readonly Row[]): void {
  for (const row of more) {
    const known = rows.findIndex(({ name, revision }) => name === row.name && revision === row.revision)
    const earlier = rows[known]
    if (earlier === undefined) rows.push(row)
    else rows[known] = { ...row, times: [...earlier.times, ...row.times] }
  }
}

/** Each goes first at some time. */
export function inTurn<Each> (all: readonly Each[], round: number): Each[] {
  const first = round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

/** What a cache of that size costs beside CPU: collecting garbage, and looking for what to evict. */
export async function lookAtSizes (running: readonly Running[], requests: number, group: string): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const each of running) {
    const { cpu, garbage } = await each.under({ count: 5 * requests }, { garbage: true })
    const name = nameOf(each)
    figures.push({ group, name, what: 'collecting garbage, of all CPU time', unit: '%', of: 'median', values: [100 * 1000 * (garbage?.milliseconds ?? 0) / cpu] })
    if (!each.contender.isOurs || each.contender.traffic.known < 1000) continue
    const { delay } = await each.evictNobody()
    figures.push({ group, name, what: 'longest delay of the event loop during evict() by subject', unit: 'ms', of: 'most', values: [delay?.most ?? 0] })
  }
  return figures
}

function nameOf ({ contender, revision }: Running): string {
  return revision === null ? contender.name : `${contender.name} (${revision})`
}
