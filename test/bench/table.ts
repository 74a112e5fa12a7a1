// The result as text, for a terminal.

import type { Group } from './contender.ts'
import type { Figure, Result } from './result.ts'
import { compare, summarise, type Compared, type Summary } from './statistics.ts'

const nameWidth = 54

export function table (result: Result, sections: ReadonlyArray<Pick<Group, 'name' | 'about'>>): string {
  const { machine, rounds, requests } = result
  const compared = compare(result.rows)
  return [
    `node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, ${machine.commit}, ${machine.date}; ${rounds} interleaved rounds of ${requests} requests, one process each;`,
    'CPU time a request in microseconds (user and system), ratio by round to what it is compared with, which gets the same requests: median, least to most',
    ...sections.flatMap(({ name, about }) => section(name, about, compared, result)),
    ...result.left.map(({ group, name, why }) => `NOT MEASURED: ${group}: ${name}: ${why}`)
  ].join('\n')
}

function section (group: string, about: string, compared: readonly Compared[], result: Result): string[] {
  const rows = compared.filter(({ row }) => row.group === group)
  const figures = result.figures.filter((each) => each.group === group)
  if (rows.length === 0 && figures.length === 0) return []
  const hasRevisions = rows.some(({ toRevision }) => toRevision !== null)
  const head = `${''.padEnd(nameWidth)}  median   least    most   ratio${hasRevisions ? '             to revision' : ''}`
  return ['', `${group}: ${about}`, ...rows.length === 0 ? [] : [head], ...rows.map((each) => rowText(each)), ...figures.map(figureText)]
}

function rowText ({ row, time, ratio, own, toRevision }: Compared): string {
  const name = row.revision === null ? row.name : `${row.name} (${row.revision})`
  const times = [time.median, time.least, time.most].map((each) => each.toFixed(1).padStart(7)).join(' ')
  return [
    `${name.padEnd(nameWidth)} ${times}`,
    ratio === null ? '' : spread(ratio, 2).padEnd(22),
    toRevision === null ? '' : spread(toRevision, 3),
    own === null ? '' : `  own: ${spread(own, 1)} µs beyond "${row.beyond}"`
  ].join('  ').trimEnd()
}

function spread ({ median, least, most }: Summary, digits: number): string {
  return `${median.toFixed(digits).padStart(6)}  ${least.toFixed(digits)} to ${most.toFixed(digits)}`
}

function figureText ({ name, what, unit, of, values }: Figure): string {
  const { least, most, ...counts } = summarise(values)
  const value = of === 'most' ? most : counts.median
  return `${name.padEnd(nameWidth)} ${figureValue(value, unit).padStart(12)}  ${what}${values.length > 1 ? ` (${of} of ${values.length}: ${figureValue(least, unit)} to ${figureValue(most, unit)})` : ''}`
}

/** A value with its unit, as it is read best. */
export function figureValue (value: number, unit: Figure['unit']): string {
  switch (unit) {
    case '': return String(Math.round(value))
    case 'bytes': return Math.round(value).toLocaleString('en-GB')
    default: return `${value.toFixed(1)} ${unit}`
  }
}
