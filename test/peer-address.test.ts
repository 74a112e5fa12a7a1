import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../lib/index.ts'
import { listenerOf } from '../lib/gateway/listener.ts'
import { readPeerAddresses } from '../lib/peer-address.ts'
import { optionsFor } from './guard/protected-app.ts'

test('the address is read before any other listener gets the socket', () => {
  const seen: string[] = []
  const server = createServer()
  server.removeAllListeners('connection')
  server.on('connection', () => { seen.push('another listener') })
  readPeerAddresses(server)
  server.emit('connection', { get remoteAddress () { return String(seen.push('the address')) } })
  assert.deepEqual(seen, ['the address', 'another listener'])
})

test('a server with many scopes has one listener for it: Node warns of eleven, and they would stay', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  const before = app.server.listenerCount('connection')
  for (const prefix of ['/one', '/two', '/three']) {
    await app.register(async (scope) => { await scope.register(boundToken, optionsFor('http://127.0.0.1:1')) }, { prefix })
  }
  await app.ready()
  assert.equal(app.server.listenerCount('connection'), before + 1)
})

test('the gateway has it on the server itself: its views never get a socket', async () => {
  const { server } = await listenerOf({ port: 0 })
  assert.equal(server.listenerCount('connection'), 2)
})
