// app.close() leaves nothing open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../token/eventually.ts'
import { startGateway } from './gateway.ts'

test('L5: app.close() ends the connections to the upstream and to the authorization server', async (t) => {
  const { app, send, upstream, authorizationServer } = await startGateway(t)
  assert.equal((await send()).status, 200)
  assert.ok(upstream.connections.open > 0 && authorizationServer.connections.open > 0)
  await app.close()
  await eventually('none to the authorization server is open', () => authorizationServer.connections.open === 0)
  await eventually('none to the upstream is open', () => upstream.connections.open === 0)
})

test('L5: app.close() ends a request that waits for the upstream', async (t) => {
  const { app, send, upstream } = await startGateway(t, { respond: () => {} })
  const waiting = send().then(({ status }) => status, () => 'broken off')
  await eventually('the request arrived', () => upstream.calls.length > 0)
  const startedAt = performance.now()
  await app.close()
  assert.ok(performance.now() - startedAt < 5000)
  assert.ok([502, 504, 'broken off'].includes(await waiting))
})
