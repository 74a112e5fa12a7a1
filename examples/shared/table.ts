import type { Played, Row } from './run.ts'

/** One line for each request: as it was told, and as it was. */
export function table (name: string, { rows, remarks }: Pick<Played, 'rows' | 'remarks'>): string {
  const width = Math.max(...rows.map(({ title }) => title.length))
  const line = ({ title, expected, actual }: Row): string => expected === actual
    ? `  ok    ${title.padEnd(width)}  ${actual}`
    : `  FAIL  ${title.padEnd(width)}  ${actual}, and not ${expected}`
  const asTold = rows.filter(({ expected, actual }) => expected === actual).length
  return ['', `  ${name}`, ...remarks.map((remark) => `  ! ${remark}`), '', ...rows.map(line), '', `  ${asTold} of ${rows.length} as told`, ''].join('\n')
}
