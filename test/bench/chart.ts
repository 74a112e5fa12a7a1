// A bar chart as SVG: how much CPU time a request costs, compared with the same request without any of it.

import type { Result } from './result.ts'
import { compare, type Compared } from './statistics.ts'

/** What is drawn, one group below the other. */
const drawn = [
  { group: 'opaque', title: 'opaque token, compared with plain Fastify' },
  { group: 'jwt', title: 'JWT by RS256, compared with plain Fastify' },
  { group: 'proxied', title: 'forwarded, compared with @fastify/reply-from alone' }
]
const [width, left, right, bar, step, gap] = [820, 300, 70, 14, 20, 34]
const [ours, others, text, line] = ['#1a7f5a', '#8a94a0', '#1f2328', '#c9d1d9']

/** The same text for the same result. A white ground makes it readable in a dark page, too. */
export function chart (result: Result): string {
  const sections = drawn.map(({ group, title }) => ({ title, rows: compare(result.rows).filter(({ row, ratio }) => row.group === group && row.revision === null && ratio !== null) }))
    .filter(({ rows }) => rows.length > 0)
  const most = Math.max(1, ...sections.flatMap(({ rows }) => rows.map(medianOf)))
  const toX = (ratio: number): number => left + (width - left - right) * ratio / most
  const { machine, rounds } = result
  const parts: string[] = []
  let y = 24
  parts.push(label(16, y, 'CPU time a request, compared with the same request without a guard (median of the ratios of all rounds)', 'font-weight="bold"'))
  for (const { title, rows } of sections) {
    y += gap
    parts.push(label(16, y, title, 'font-weight="bold"'))
    const top = y + 6
    for (const each of rows) {
      y += step
      const end = toX(medianOf(each))
      parts.push(
        label(left - 8, y + 1, each.row.name, 'text-anchor="end"'),
        `<rect x="${left}" y="${y - bar + 3}" width="${(end - left).toFixed(1)}" height="${bar}" fill="${isOurs(each) ? ours : others}"/>`,
        label(Number((end + 6).toFixed(1)), y + 1, medianOf(each).toFixed(2))
      )
    }
    parts.push(`<line x1="${toX(1).toFixed(1)}" y1="${top}" x2="${toX(1).toFixed(1)}" y2="${y + 6}" stroke="${text}" stroke-dasharray="3 2"/>`)
  }
  y += gap
  parts.push(label(16, y, `Green: this package. The dashed line is 1. Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, ${rounds} rounds, ${machine.date}.`))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 16}" viewBox="0 0 ${width} ${y + 16}" font-family="sans-serif" font-size="12">`,
    '<title>CPU time a request, compared with the same request without a guard</title>',
    `<rect width="${width}" height="${y + 16}" fill="#ffffff" stroke="${line}"/>`,
    ...parts,
    '</svg>\n'
  ].join('\n')
}

function medianOf ({ ratio }: Compared): number {
  return ratio?.median ?? 0
}

function isOurs ({ row }: Compared): boolean {
  return row.name.startsWith('guarded') || row.name.startsWith('the same')
}

function label (x: number, y: number, content: string, more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<text x="${x}" y="${y}" fill="${text}"${more === '' ? '' : ` ${more}`}>${escaped}</text>`
}
