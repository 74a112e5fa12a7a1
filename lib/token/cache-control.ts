/**
 * Milliseconds that an answer may be remembered as its `Cache-Control` says (RFC 9111 section 5.2.2); Infinity where it says nothing. We
 * are a private cache. It only ever shortens what the options allow, so whatever can't be read counts as "not at all".
 */
export function maxAgeOf (cacheControl: string, age: string): number {
  let seconds = Infinity
  for (const directive of cacheControl.toLowerCase().split(',')) {
    const [name, value] = directive.split('=').map((part) => part.trim())
    if (name === 'no-store' || name === 'no-cache') return 0
    if (name === 'max-age') seconds = Math.min(seconds, secondsOf(value))
  }
  if (seconds === Infinity) return Infinity
  return Math.max(0, seconds - secondsSpent(age)) * 1000
}

function secondsOf (value: string | undefined): number {
  const digits = value?.replace(/^"(.*)"$/, '$1') ?? ''
  return /^\d{1,15}$/.test(digits) ? Number(digits) : 0
}

/** RFC 9111 section 5.1: what it has spent in other caches. */
function secondsSpent (age: string): number {
  return age === '' ? 0 : /^\d{1,15}$/.test(age) ? Number(age) : Infinity
}
