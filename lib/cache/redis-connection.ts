import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import type { RedisClient } from '../../types/token-store.ts'
import { OptionsError } from '../errors.ts'
import type { RedisOptions } from '../options.ts'
import { resolveSecret } from '../secret.ts'
import { mostBytes } from './shared-tokens.ts'
import type { TlsMaterial, tlsMaterial } from '../tls-material.ts'

/** Connections to one Redis or Valkey. */
export interface RedisConnection {
  /** For commands that are answered at once. One that cannot be sent at once fails at once. */
  readonly client: RedisClient
  /** One more, for commands that wait. It is not connected yet, and not again when it is cut. */
  another (): RedisClient
  close (): void
}

/** Milliseconds. */
const mostToConnect = 2000
/** Milliseconds without a sign of life while an answer is awaited; longer than any command of ours waits. */
export const longestSilence = 3000
const longestPause = 5000
/** Bytes, and what may come behind it at once. */
const longestReply = 4 * mostBytes

/** Of both clients: what cannot be done now is not kept for later, and nothing is done twice. */
const common = {
  connectTimeout: mostToConnect,
  socketTimeout: longestSilence,
  disconnectTimeout: 100,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  // It would need the right to INFO; a server that is still loading says so to every command.
  enableReadyCheck: false
}

/**
 * Connects in the background: that nobody answers yet stops nothing.
 *
 * @param onTrouble - told when the connection fails, and why, once until it is there again
 * @throws OptionsError
 */
export async function redisConnection (options: RedisOptions, path: string, tls: typeof tlsMaterial, onTrouble: (detail: string) => void): Promise<RedisConnection> {
  const { url, client } = options
  if ((url === undefined) === (client === undefined)) throw new OptionsError(`${path}: found ${url === undefined ? 'neither url nor' : 'url beside'} client; allowed: one of them`)
  if (client === undefined) return connected(await connect(options, path, tls, onTrouble), true, onTrouble)
  if (options.tls !== undefined) throw new OptionsError(`${path}.tls: found beside client; allowed: beside url`)
  return connected(givenBy(client, `${path}.client`), false, onTrouble)
}

function connected (client: RedisClient, isOurs: boolean, onTrouble: (detail: string) => void): RedisConnection {
  let isTold = false
  const onError = (error?: Error): void => {
    if (!isTold) onTrouble(`Redis: ${codeOf(error)}`)
    isTold = true
  }
  const onReady = (): void => { isTold = false }
  client.on('error', onError)
  client.on('ready', onReady)
  if (isOurs) limitReplies(client)
  return {
    client,
    another () {
      const other = client.duplicate({ ...common, lazyConnect: true, retryStrategy: null, commandTimeout: undefined, enableAutoPipelining: false })
      // Whoever waits for its answers learns of it there.
      other.on('error', () => {})
      return other
    },
    close () {
      client.off('ready', onReady)
      if (isOurs) cut(client)
      else client.off('error', onError)
    }
  }
}

/** Whoever answers must not fill this process, whatever was asked: a reply is read whole before anybody sees it. */
function limitReplies (client: RedisClient): void {
  client.on('ready', () => {
    const socket = socketOf(client)
    let awaited: unknown
    let received = 0
    // Before the client reads it: what is awaited first is then what the bytes belong to.
    socket?.prependListener('data', ({ length }: Buffer) => {
      const first = (client as { commandQueue?: { peekFront (): unknown } }).commandQueue?.peekFront()
      received = first === awaited ? received + length : length
      awaited = first
      if (received > longestReply) socket.destroy()
    })
  })
}

/** Ends a connection at once, also where nobody answers. */
export function cut (client: RedisClient): void {
  client.disconnect()
  socketOf(client)?.destroy()
}

export function socketOf (client: RedisClient): Socket | undefined {
  return (client as { stream?: Socket }).stream
}

/** What went wrong, in one word: errors of the client hold commands, and so values and the password. */
export function codeOf (error: unknown): string {
  const { code, message } = error instanceof Error ? error as NodeJS.ErrnoException : new Error() as NodeJS.ErrnoException
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)) return code
  return /^[A-Z]{2,30}(?= )/.exec(message)?.[0] ?? 'the connection was lost'
}

async function connect (options: RedisOptions, path: string, tls: typeof tlsMaterial, onTrouble: (detail: string) => void): Promise<RedisClient> {
  const { isTls, ...target } = targetOf(await resolveSecret(options.url as string, `${path}.url`), `${path}.url`)
  if (!isTls && options.tls !== undefined) throw new OptionsError(`${path}.tls: found beside a url without TLS; allowed: beside rediss://`)
  const secured = isTls ? securing(target.host, await tls(options.tls, `${path}.tls`, onTrouble)) : {}
  const { Redis } = await import('ioredis')
  return new Redis({
    ...common,
    ...target,
    ...secured,
    protocol: 2,
    disableClientInfo: true,
    enableAutoPipelining: true,
    retryStrategy: (attempt) => Math.min(longestPause, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
  }) as RedisClient
}

/** Read anew for each connection: files are renewed in their place. */
function securing (host: string, material: TlsMaterial): { tls: object } {
  return {
    tls: {
      rejectUnauthorized: true,
      ...isIP(host) === 0 && { servername: host },
      get ca () { return material.current().ca },
      get cert () { return material.current().cert },
      get key () { return material.current().key }
    }
  }
}

interface Target {
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  readonly db: number
  readonly username?: string
  readonly password?: string
}

const allowed = 'redis://user:password@host:6379/0, or rediss:// for TLS, with other signs than letters and digits of the password as %XX'

/** Read here, since the client would take options out of the query: also one that switches verification off. */
function targetOf (text: string, path: string): Target {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !/^(?:\/\d{0,5})?$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new OptionsError(`${path}: found ${url === null ? 'no URL' : 'a URL that is none of Redis, or has more parts'}; allowed: ${allowed}`)
  }
  const [username, password] = [url.username, url.password].map((part) => decoded(part, path)) as [string, string]
  return {
    isTls: url.protocol === 'rediss:',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1)),
    ...username !== '' && { username },
    ...password !== '' && { password }
  }
}

function decoded (part: string, path: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new OptionsError(`${path}: found a % that is no encoding; allowed: ${allowed}`)
  }
}

const needed = ['getrangeBuffer', 'set', 'unlink', 'xadd', 'xreadBuffer', 'duplicate', 'disconnect', 'on', 'off'] as const

function givenBy (give: () => RedisClient, path: string): RedisClient {
  const client: unknown = gift(give, path)
  const members = (typeof client === 'object' && client !== null ? client : {}) as Record<string, unknown>
  if (needed.some((name) => typeof members[name] !== 'function')) throw new OptionsError(`${path}: the function gave something else; allowed: a client of ioredis or iovalkey`)
  if (members['isCluster'] === true) throw new OptionsError(`${path}: the function gave a client of a cluster; allowed: a client of one server`)
  return client as RedisClient
}

function gift (give: () => RedisClient, path: string): unknown {
  try {
    return give()
  } catch {
    throw new OptionsError(`${path}: the function threw`)
  }
}
