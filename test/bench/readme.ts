// The result as the README shows it.

import type { Figure, Result } from './result.ts'
import { compare, summarise, valueOf, type Compared, type Summary } from './statistics.ts'
import { figureValue } from './table.ts'

const headings: Readonly<Record<string, string>> = {
  opaque: 'A known opaque token',
  jwt: 'A JWT by RS256',
  format: 'How the certificate is written, token known',
  size: 'Requests spread over so many known tokens',
  hits: 'Tokens known of a hundred',
  misses: 'A token that is asked for',
  redis: 'A token that only Redis knows',
  proxied: 'Forwarded',
  stampede: '1000 requests at a time with one new token',
  flood: 'Nothing but new tokens, 256 requests at a time',
  memory: 'Memory for each known token',
  allocation: 'Heap that a request allocates, Fastify and Node with it',
  pauses: 'Longest single call of the cache'
}

/** With fewer, whatever else the machine did is in the medians. */
const fewRounds = 10

/** What it comes to, for a reader in a hurry. */
export function speedSentence ({ rows }: Result): string {
  const time = (group: string, name: string): number => {
    const row = rows.find((each) => each.group === group && each.name === name && each.revision === null)
    if (row === undefined) throw new Error(`${group}: "${name}" was not measured`)
    return summarise(row.times).median
  }
  const beyond = (group: string, name: string): string => Math.round(time(group, name) - time(group, 'plain Fastify')).toString()
  const known = time('opaque', 'guarded, token known') - time('opaque', 'plain Fastify')
  return `Beside the ${time('opaque', 'plain Fastify').toFixed(0)} µs of CPU time that plain Fastify takes for a request, a known token costs ${known.toFixed(1)} µs, ` +
    `one that is asked for ${beyond('misses', 'guarded, a new token each time')} µs, of which ${beyond('misses', 'introspection by hand, by undici')} µs are the HTTP request, ` +
    `and a JWT that is verified ${beyond('jwt', 'guarded, JWT verified each time')} µs.`
}

/** CPU time of every contender that was compared with another. */
export function speedTable (result: Result): string {
  const compared = compare(result.rows.filter(({ revision }) => revision === null))
  const lines = Object.entries(headings).flatMap(([group, heading]) => {
    const rows = compared.filter(({ row }) => row.group === group)
    return rows.length === 0 ? [] : [cells(`**${heading}**`, '', '', ''), ...rows.map(rowCells)]
  })
  return [machineOf(result), '', cells('CPU time a request', 'µs', 'ratio', 'least to most'), cells('---', '---', '---', '---'), ...lines].join('\n')
}

function rowCells ({ row, time, ratio, own }: Compared): string {
  const name = own === null ? row.name : `${row.name}: ${own.median.toFixed(0)} µs beyond ${row.beyond}`
  return cells(name, time.median.toFixed(1), ratio === null ? '1' : ratio.median.toFixed(2), ratio === null ? '' : spread(ratio))
}

function spread ({ least, most }: Summary): string {
  return `${least.toFixed(2)} to ${most.toFixed(2)}`
}

/** What else was measured. */
export function figureTable ({ figures }: Result): string {
  const lines = Object.entries(headings).flatMap(([group, heading]) => {
    const rows = figures.filter((each) => each.group === group)
    return rows.length === 0 ? [] : [cells(`**${heading}**`, '', ''), ...rows.map(figureCells)]
  })
  return [cells('beside CPU time', 'what', 'value'), cells('---', '---', '---'), ...lines].join('\n')
}

function figureCells (figure: Figure): string {
  const { name, what, unit, of, values } = figure
  const unitName = unit === 'bytes' ? ' bytes' : ''
  return cells(name, what, `${figureValue(valueOf(figure), unit)}${unitName}${values.length > 1 ? `, ${of} of ${values.length}` : ''}`)
}

function machineOf ({ machine: { node, cpu, cores, commit, date }, rounds, requests }: Result): string {
  const remark = rounds < fewRounds ? '; a short run, so that single figures mean little' : ''
  return `Node ${node}, ${cpu}, ${cores} cores, ${rounds} interleaved rounds of ${requests.toLocaleString('en-GB')} requests, commit ${commit}, ${date}${remark}:`
}

function cells (...texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`
}
