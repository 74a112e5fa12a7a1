import type { EvictionSelector } from '../../types/bound-token.ts'
import { OptionsError } from '../errors.ts'
import { defaultOf, WebSocketSchema, type TlsOptions, type WebSocketMessageOptions, type WebSocketOptions } from '../options.ts'
import { resolveSecret } from '../secret.ts'
import { backOff } from './back-off.ts'
import { openConnection, type ConnectionOptions } from './connection.ts'
import type { MessageRule } from './message.ts'
import { tokenIssuerOf } from './token-issuer.ts'
import { websocketFeed, type WebSocketFeed, type WebSocketFeedOptions } from './websocket.ts'
import { webSocketPresets, type WebSocketPreset } from './websocket-presets.ts'

export interface WebSocketCompileTools extends Pick<WebSocketFeedOptions, 'counts'> {
  readonly issuers: readonly string[]
  tlsMaterial (options: TlsOptions | undefined, path: string, onTrouble: (detail: string) => void): Promise<{ current (): ConnectionOptions['tls'] }>
  revoke (selector: EvictionSelector): Promise<void>
  /** One feed more that may be down. */
  watch (name: string): (isUp: boolean) => void
  warn (path: string): (detail: string) => void
}

const schemas = WebSocketSchema.properties
/** Names that the handshake has for itself (RFC 6455 section 4.1). */
const ofHandshake = /^(?:host|connection|upgrade|sec-websocket-.*|content-length|transfer-encoding)$/i
const printable = /^[\t\x20-\x7E]+$/

/** Options of WebSockets to what listens to them. @throws OptionsError */
export async function compileWebSockets (options: readonly WebSocketOptions[], root: string, tools: WebSocketCompileTools): Promise<readonly WebSocketFeed[]> {
  return await Promise.all(options.map(async (each, index) => await compile(each, options.length === 1 ? root : `${root}[${index}]`, tools)))
}

async function compile (options: WebSocketOptions, path: string, { issuers, tlsMaterial, revoke, watch, warn, counts }: WebSocketCompileTools): Promise<WebSocketFeed> {
  const issuer = tokenIssuerOf(options.issuer, issuers, `${path}.issuer`)
  const url = socketUrl(options.url, `${path}.url`)
  const preset: WebSocketPreset | null = options.preset === undefined ? null : webSocketPresets[options.preset]
  const { topics = [], subscribe = [] } = options
  if ((preset === null) !== (topics.length === 0)) throw new OptionsError(`${path}.topics: ${preset === null ? 'found without preset' : 'missing'}; allowed: with a preset`)
  const secured = await tlsMaterial(options.tls, `${path}.tls`, warn(path))
  await readHeaders() // One that is wrong stops the boot; later it only keeps the feed down.
  const connecting = {
    url,
    protocols: options.protocols ?? preset?.protocols ?? [],
    timeout: options.timeout ?? defaultOf<number>(schemas.timeout),
    pingInterval: options.pingInterval ?? defaultOf<number>(schemas.pingInterval),
    maxBytes: options.maxBytes ?? defaultOf<number>(schemas.maxBytes)
  }
  return websocketFeed({
    open: async (listener) => openConnection({ ...connecting, headers: await readHeaders(), tls: secured.current() }, listener),
    subscriptions: [...preset === null ? [] : topics.map(preset.subscribe), ...subscribe.map((message) => typeof message === 'string' ? message : JSON.stringify(message))],
    preset,
    topics,
    rules: options.messages.map((message) => ruleOf(message, issuer)),
    backOff: backOff(),
    counts,
    revoke,
    onState: watch(path.replace('options.revocation.', '')),
    onTrouble: warn(path)
  })

  async function readHeaders (): Promise<Record<string, string>> {
    const headers: Record<string, string> = {}
    for (const [name, secret] of Object.entries(options.headers ?? {})) {
      const at = `${path}.headers.${name}`
      if (ofHandshake.test(name)) throw new OptionsError(`${at}: found a header that the handshake has for itself; allowed: other headers`)
      const value = await resolveSecret(secret, at)
      if (!printable.test(value)) throw new OptionsError(`${at}: found something else than printable ASCII; allowed: printable ASCII`)
      headers[name] = value
    }
    return headers
  }
}

function ruleOf ({ when = [], path, selects }: WebSocketMessageOptions, issuer: string): MessageRule {
  return {
    when: when.map(({ path, value }) => ({ path: [path].flat(), value })),
    path: [path].flat(),
    select: (value) => {
      if (selects === 'token') return { token: value }
      return typeof selects === 'string' ? { [selects]: value, issuer } : { claim: { path: selects.claim, value }, issuer }
    }
  }
}

/** Nothing of the URL stands in the error: its query may hold a secret. */
function socketUrl (text: string, path: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const isLoopback = url !== null && (url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname))
  if (url !== null && url.username === '' && url.password === '' && url.hash === '' && (url.protocol === 'wss:' || (url.protocol === 'ws:' && isLoopback))) return url
  throw new OptionsError(`${path}: found ${url?.protocol === 'ws:' ? 'ws, which would send in the clear' : 'no such URL'}; allowed: a wss URL without credentials and fragment, or ws on a loopback address`)
}
