import { contentOf, tags, type Element } from './der.ts'

const utcTime = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const generalizedTime = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/

/**
 * Milliseconds since the epoch. RFC 5280 sections 4.1.2.5.1 and 4.1.2.5.2: always with seconds, always in UTC, never with
 * fractions; two digits of a year from 50 on are of the 20th century.
 *
 * @throws SyntaxError
 */
export function readTime (element: Element | undefined): number {
  const isUtcTime = element?.tag === tags.utcTime
  if (element === undefined || (!isUtcTime && element.tag !== tags.generalizedTime)) throw new SyntaxError('not a time')
  const text = Buffer.from(contentOf(element)).toString('latin1')
  const [, ...digits] = (isUtcTime ? utcTime : generalizedTime).exec(text) ?? []
  const [written = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN] = digits.map(Number)
  const year = !isUtcTime ? written : written < 50 ? 2000 + written : 1900 + written
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  // 30 February becomes a day in March: then it is not the time that was written.
  const isReal = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day &&
    date.getUTCHours() === hour && date.getUTCMinutes() === minute && date.getUTCSeconds() === second
  if (!isReal) throw new SyntaxError('not a time in the form of RFC 5280')
  return date.getTime()
}
