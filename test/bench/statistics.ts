import type { Figure, Row } from './result.ts'

export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** @throws Error when there is no value: then nothing was measured */
export function summarise (values: readonly number[]): Summary {
  if (values.length === 0) throw new Error('no values')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const median = ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2
  return { median, least: sorted[0] as number, most: sorted.at(-1) as number }
}

/** Round by round: what the machine did in a round, it did to both. */
export function ratios (times: readonly number[], base: readonly number[]): number[] {
  return byRound(times, base, (time, other) => time / other)
}

export function differences (times: readonly number[], base: readonly number[]): number[] {
  return byRound(times, base, (time, other) => time - other)
}

function byRound (times: readonly number[], base: readonly number[], compare: (time: number, other: number) => number): number[] {
  if (times.length !== base.length) throw new Error(`${times.length} rounds cannot be compared with ${base.length}`)
  return times.map((time, round) => compare(time, base[round] as number))
}

/** A row and what it is compared with. */
export interface Compared {
  readonly row: Row
  readonly time: Summary
  /** To the one that it is compared with. */
  readonly ratio: Summary | null
  /** Microseconds beyond the one whose cost is in it as well. */
  readonly own: Summary | null
  /** Of the working tree to another revision. */
  readonly toRevision: Summary | null
}

export function compare (rows: readonly Row[]): Compared[] {
  return rows.map((row) => {
    const named = (name: string | null): Row | undefined => rows.find((each) => each.group === row.group && each.name === name && each.revision === null)
    const against = named(row.against)
    const beyond = named(row.beyond)
    const other = row.revision === null ? rows.find((each) => each.group === row.group && each.name === row.name && each.revision !== null) : undefined
    return {
      row,
      time: summarise(row.times),
      ratio: against === undefined ? null : summarise(ratios(row.times, against.times)),
      own: beyond === undefined ? null : summarise(differences(row.times, beyond.times)),
      toRevision: other === undefined ? null : summarise(ratios(row.times, other.times))
    }
  })
}

/** The one value of a figure that counts. */
export function valueOf ({ of, values }: Figure): number {
  return summarise(values)[of]
}
