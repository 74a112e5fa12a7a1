import type { Answered } from './call.ts'

/** We ask for none: what comes packed may unpack to anything. */
export function isPacked ({ contentEncoding }: Answered): boolean {
  return !/^(?:identity)?$/i.test(contentEncoding)
}
