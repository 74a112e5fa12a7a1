// app.close() leaves nothing open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { startGateway } from './gateway.ts'

test('L5: app.close() ends the connections to the upstream and to the authorization server', async (t) => {
  const { app, send, upstream, authorizationServer } = await startGateway(t)
  assert.equal((await send()).status, 200)
  assert.ok(upstream.connections.open > 0 && authorizationServer.connections.open > 0)
  await app.close()
  for (let i = 0; i < 100 && upstream.connections.open + authorizationServer.connections.open > 0; i++) await wait(5)
  assert.equal(authorizationServer.connections.open, 0, 'authorization server')
  assert.equal(upstream.connections.open, 0, 'upstream')
})

test('L5: app.close() ends a request that waits for the upstream', async (t) => {
  const { app, send, upstream } = await startGateway(t, { respond: () => {} })
  const waiting = send().then(({ status }) => status, () => 'broken off')
  while (upstream.calls.length === 0) await wait(5)
  const startedAt = performance.now()
  await app.close()
  assert.ok(performance.now() - startedAt < 5000)
  assert.ok([502, 504, 'broken off'].includes(await waiting))
})
