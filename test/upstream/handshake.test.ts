// What is a handshake, and what is an answer to one.
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { handshakeFault, handshakeHeaders, switchingHeaders } from '../../lib/upstream/handshake.ts'

// RFC 6455 section 1.3.
const offer: IncomingHttpHeaders = { host: 'x', upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' }
const answer: IncomingHttpHeaders = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }

function fault (headers: IncomingHttpHeaders, start: { method?: string, httpVersion?: string } = {}): string | undefined {
  return handshakeFault({ method: 'GET', httpVersion: '1.1', headers: { ...offer, ...headers }, ...start } as IncomingMessage)?.reason
}

test('the handshake of RFC 6455 section 4.2.1, in any case and with other options of the connection', () => {
  for (const headers of [{}, { upgrade: 'WebSocket' }, { connection: 'keep-alive, Upgrade' }, { connection: 'UPGRADE' }, { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }]) {
    assert.equal(fault(headers), undefined, JSON.stringify(headers))
  }
})

test('anything else is none', () => {
  const others: IncomingHttpHeaders[] = [{ upgrade: undefined }, { upgrade: 'websocket, h2c' }, { upgrade: 'websocket/13' }, { upgrade: 'h2c' }, { connection: undefined }, { connection: 'close' },
    { connection: 'upgrades' }, { 'content-length': '0' }, { 'transfer-encoding': 'chunked' }, { 'sec-websocket-key': undefined }, { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAB==' },
    { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==' }, { 'sec-websocket-key': '-_AAAAAAAAAAAAAAAAAAAA==' }, { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==\n' }]
  for (const headers of others) assert.equal(fault(headers), 'websocket_handshake_malformed', JSON.stringify(headers))
  for (const version of [undefined, '8', '13, 8', '013', '']) assert.equal(fault({ 'sec-websocket-version': version }), 'websocket_version_unsupported')
  assert.equal(fault({}, { method: 'POST' }), 'websocket_handshake_malformed')
  for (const httpVersion of ['1.0', '2.0']) assert.equal(fault({}, { httpVersion }), 'websocket_handshake_malformed')
})

test('what Connection names goes no further, and ours are set after that', () => {
  const inbound = { ...offer, connection: 'Upgrade, X-Ours, x-theirs', 'x-theirs': '1', 'x-other': '2', sec_websocket_protocol: 'alias', 'sec-websocket-accept': 'none' }
  assert.deepEqual(handshakeHeaders(inbound, 'upstream.example', (headers) => ({ ...headers, 'x-ours': '3' })), {
    host: 'upstream.example', connection: 'Upgrade', upgrade: 'websocket', 'x-ours': '3', 'x-other': '2', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13'
  })
})

test('an answer is believed when all of it fits (RFC 6455 section 4.1)', () => {
  const offered = { ...offer, 'sec-websocket-protocol': 'a, b', 'sec-websocket-extensions': 'one; x=1, two' }
  const bare = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': answer['sec-websocket-accept'] }
  assert.deepEqual(switchingHeaders(offer, answer), bare)
  assert.deepEqual(switchingHeaders(offered, { ...answer, 'set-cookie': ['a=1'], 'sec-websocket-protocol': 'b', 'sec-websocket-extensions': 'Two; y, one' }),
    { ...bare, 'Sec-WebSocket-Protocol': 'b', 'Sec-WebSocket-Extensions': 'Two; y, one' })
  const others: IncomingHttpHeaders[] = [{ upgrade: 'h2c' }, { upgrade: undefined }, { connection: 'close' }, { connection: undefined }, { 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xO=' },
    { 'sec-websocket-accept': undefined }, { 'sec-websocket-protocol': 'c' }, { 'sec-websocket-protocol': 'a, b' }, { 'sec-websocket-protocol': '' }, { 'sec-websocket-protocol': 'A' },
    { 'sec-websocket-extensions': 'three' }, { 'sec-websocket-extensions': 'one, three' }]
  for (const headers of others) assert.equal(switchingHeaders(offered, { ...answer, ...headers }), null, JSON.stringify(headers))
})
