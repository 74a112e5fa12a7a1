import type { Dispatcher } from 'undici'

/** What the authorization server answered; nothing of it is judged yet. */
export interface Answered {
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string
  readonly retryAfter: string
  readonly cacheControl: string
  readonly age: string
  /** Null when it was longer than we read. */
  readonly body: Buffer | null
}

/** How a call goes. Once it was given up, only that its connection was let go is of interest. */
export interface Listener {
  /** The server begins to answer. */
  answering (): void
  answered (answered: Answered): void
  failed (error: Error): void
  /** It holds no connection any more, and no place in a queue. Comes once, and before `answered` or `failed` where it comes with them. */
  letGo (): void
}

type Head = Omit<Answered, 'body'>

/**
 * One call. undici's own handler, and not its `request()`: that reads through a stream and listens to a signal, and with both a
 * request whose token is asked for measured a fifth more.
 *
 * @returns gives it up: closes its connection, or takes none where it has none yet
 */
export function call (dispatcher: Dispatcher, message: Dispatcher.DispatchOptions, maxBytes: number, listener: Listener): () => void {
  const chunks: Buffer[] = []
  let length = 0
  let head: Head | null = null
  let controller: Dispatcher.DispatchController | null = null
  let isGivenUp = false

  dispatcher.dispatch(message, {
    onRequestStart (started) {
      controller = started
      if (isGivenUp) started.abort(new Error('given up'))
    },

    onResponseStart (_controller, status, fields) {
      if (status < 200) return // RFC 8297: hints, and the answer is still to come.
      head = headOf(status, fields)
      listener.answering()
    },

    onResponseData (receiving, chunk) {
      length += chunk.length
      if (length <= maxBytes) {
        chunks.push(chunk)
      } else {
        listener.answered({ ...head as Head, body: null })
        receiving.abort(new Error('longer than we read'))
      }
    },

    onResponseEnd () {
      listener.letGo()
      listener.answered({ ...head as Head, body: Buffer.concat(chunks) })
    },

    onResponseError (_controller, error) {
      listener.letGo()
      listener.failed(error)
    }
  })

  return () => {
    isGivenUp = true
    controller?.abort(new Error('given up'))
  }
}

function headOf (status: number, fields: Record<string, string | string[] | undefined>): Head {
  return {
    status,
    contentType: oneLine(fields['content-type']),
    contentEncoding: oneLine(fields['content-encoding']),
    retryAfter: oneLine(fields['retry-after']),
    cacheControl: oneLine(fields['cache-control']),
    age: oneLine(fields['age'])
  }
}

function oneLine (header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : header?.join(', ') ?? ''
}
