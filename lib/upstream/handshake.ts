import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { refuse, type Refusal } from '../errors.ts'
import { foldName } from '../field-name.ts'

/** RFC 6455 section 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

// 16 bytes in base64: the last digit before the padding has two bits only.
const key = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/**
 * Whether a request is the opening handshake of RFC 6455 section 4.2.1 and nothing else: a list of protocols (`websocket, h2c`)
 * or a body could mean one thing here and another upstream. A repeated line is joined to one that holds a comma, and fails.
 */
export function handshakeFault ({ method, httpVersion, headers }: IncomingMessage): Refusal | null {
  if (method !== 'GET' || httpVersion !== '1.1') return refuse('websocket_handshake_malformed', 'not a GET of HTTP/1.1')
  if (headers.upgrade?.toLowerCase() !== 'websocket' || !listOf(headers.connection).includes('upgrade')) return refuse('websocket_handshake_malformed', 'another protocol')
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return refuse('websocket_handshake_malformed', 'a body')
  if (!key.test(headers['sec-websocket-key'] ?? '')) return refuse('websocket_handshake_malformed', 'no key of 16 bytes')
  if (headers['sec-websocket-version'] !== '13') return refuse('websocket_version_unsupported')
  return null
}

/**
 * Header lines of the handshake with the upstream.
 *
 * @param inbound - of the client's valid handshake
 * @param host - of the upstream
 * @param rewrite - what every request to this upstream goes through
 */
export function handshakeHeaders (inbound: IncomingHttpHeaders, host: string, rewrite: (headers: IncomingHttpHeaders) => IncomingHttpHeaders): IncomingHttpHeaders {
  // RFC 9110 section 7.6.1. Before ours are set, so that a client cannot have them dropped.
  const listed = new Set(listOf(inbound.connection))
  const passed = Object.fromEntries(Object.entries(inbound).filter(([name]) => !listed.has(name)))
  const headers = Object.fromEntries(Object.entries(rewrite({ ...passed, host })).filter(([name]) => !foldName(name).startsWith('sec-websocket-')))
  for (const name of ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'] as const) {
    if (inbound[name] !== undefined) headers[name] = inbound[name]
  }
  return { ...headers, connection: 'Upgrade', upgrade: 'websocket' }
}

/**
 * Headers of the 101 for the client.
 *
 * @param answer - headers of the upstream's 101
 * @returns null where the upstream did not accept this handshake, or took what the client did not offer (RFC 6455 section 4.1)
 */
export function switchingHeaders (inbound: IncomingHttpHeaders, answer: IncomingHttpHeaders): Record<string, string> | null {
  const accept = createHash('sha1').update(`${inbound['sec-websocket-key']}${guid}`).digest('base64')
  const { 'sec-websocket-accept': accepted, 'sec-websocket-protocol': protocol, 'sec-websocket-extensions': extensions } = answer
  if (answer.upgrade?.toLowerCase() !== 'websocket' || !listOf(answer.connection).includes('upgrade') || accepted !== accept) return null
  if (protocol !== undefined && !membersOf(inbound['sec-websocket-protocol']).includes(protocol)) return null
  const offered = membersOf(inbound['sec-websocket-extensions']).map(extensionName)
  if (membersOf(extensions).some((extension) => !offered.includes(extensionName(extension)))) return null
  return {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': accept,
    ...protocol !== undefined && { 'Sec-WebSocket-Protocol': protocol },
    ...extensions !== undefined && { 'Sec-WebSocket-Extensions': extensions }
  }
}

function extensionName (extension: string): string {
  return (extension.split(';')[0] as string).trim().toLowerCase()
}

function membersOf (list: string | undefined): string[] {
  return (list ?? '').split(',').map((member) => member.trim()).filter((member) => member !== '')
}

function listOf (connection: string | undefined): string[] {
  return membersOf(connection).map((option) => option.toLowerCase())
}
