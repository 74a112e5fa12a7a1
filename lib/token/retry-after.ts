const least = 1
const most = 60

/**
 * Seconds to name in our own `Retry-After`: the authorization server's (RFC 9110 section 10.2.3, the delay-seconds form), within
 * 1 to 60. Anything else, also a date, gives the least: clients should come back, and the next answer may know better.
 */
export function retryAfterSeconds (header: string): number {
  if (!/^\d{1,10}$/.test(header)) return least
  return Math.min(Math.max(Number(header), least), most)
}
