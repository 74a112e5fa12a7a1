/** Seconds for which we believe that the authorization server wants to be left alone, and have clients wait, at the most. */
export const longestAskedPause = 60

// RFC 9110 section 5.6.7: what is sent today, and the two forms that must still be read.
const dates = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/
]

/**
 * Seconds for which the authorization server asks to be left alone (RFC 9110 section 10.2.3), 1 to 60; null where it asks for
 * nothing, or in a way that can't be read. Of a time that has passed one second is left: it may be its clock that is wrong.
 *
 * @param now - milliseconds since the epoch
 */
export function askedPause (header: string, now: number): number | null {
  if (/^\d{1,10}$/.test(header)) return within(Number(header))
  if (!dates.some((date) => date.test(header))) return null
  const at = Date.parse(header.endsWith(' GMT') ? header : `${header} GMT`)
  return Number.isNaN(at) ? null : within(Math.ceil((at - now) / 1000))
}

function within (seconds: number): number {
  return Math.min(Math.max(seconds, 1), longestAskedPause)
}
