/** What came back for a request of the probe. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** More than any echo has. */
export const mostBytes = 262_144

/** What a front does that wants nothing to do with a request. */
export const unanswered = 'the connection was closed without an answer'

/**
 * Reads an HTTP/1.1 answer as far as it has come. Whoever answers may be hostile: nothing is believed but what is complete, and
 * the caller bounds its length.
 *
 * @param isEnded - whether no more will come
 * @returns null while more is needed
 * @throws Error for what is no answer
 */
export function readAnswer (text: string, isEnded: boolean): Answer | null {
  for (let start = 0; ;) {
    const end = text.indexOf('\r\n\r\n', start)
    if (end === -1) {
      if (isEnded) throw new Error(text === '' ? unanswered : 'the answer is no HTTP/1.1')
      return null
    }
    const [statusLine = '', ...lines] = text.slice(start, end).split('\r\n')
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1])
    if (Number.isNaN(status)) throw new Error('the answer is no HTTP/1.1')
    start = end + 4
    if (status < 200) continue // Another one follows.
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
    const body = bodyOf(text.slice(start), headers, isEnded)
    return body === null ? null : { status, body }
  }
}

function bodyOf (rest: string, headers: ReadonlyMap<string, string>, isEnded: boolean): string | null {
  if (/chunked$/i.test(headers.get('transfer-encoding') ?? '')) return dechunked(rest) ?? (isEnded ? '' : null)
  const length = headers.get('content-length')
  if (length !== undefined && /^\d{1,15}$/.test(length) && rest.length >= Number(length)) return rest.slice(0, Number(length))
  return isEnded ? rest : null
}

/** @returns null for chunks that do not end */
function dechunked (text: string): string | null {
  let body = ''
  for (let at = 0; ;) {
    const [line, size] = /^([0-9a-f]{1,8})[^\r\n]*\r\n/i.exec(text.slice(at, at + 100)) ?? []
    if (line === undefined || size === undefined) return null
    const start = at + line.length
    const length = parseInt(size, 16)
    if (length === 0) return body
    if (text.length < start + length + 2) return null
    body += text.slice(start, start + length)
    at = start + length + 2
  }
}
