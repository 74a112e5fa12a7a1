// Single flight through the whole plugin.
import assert from 'node:assert/strict'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { json } from '../doubles/authorization-server.ts'
import { by, optionsFor, owner, ownersClaims, protectedApp, startAuthorizationServer } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'

test('L1, S-32: 1000 parallel requests with one token: one call', async (t) => {
  const { authorizationServer } = await startAuthorizationServer(t)
  const { issuers: [issuer], ...options } = optionsFor(authorizationServer.origin)
  assert.ok(issuer?.introspection)
  const app = Fastify()
  t.after(() => app.close())
  // A crowd keeps this one thread busy for longer than the usual time limit of a test.
  await app.register(boundToken, { ...options, issuers: [{ ...issuer, introspection: { ...issuer.introspection, timeout: 30_000 } }] })
  app.get('/', async () => 'in')
  const responses = await Promise.all(Array.from({ length: 1000 }, () => app.inject({ url: '/', headers: by(owner) })))
  assert.deepEqual([...new Set(responses.map(({ statusCode }) => statusCode))], [200])
  assert.equal(authorizationServer.calls.length, 1)
})

test('L2: a client that leaves while the token is asked for takes nothing from the others', async (t) => {
  const { app, authorizationServer, logged } = await protectedApp(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  let answer = (): void => {}
  authorizationServer.behave((call, response) => { answer = () => json(ownersClaims)(call, response) })
  const leaving = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  leaving.write(`GET / HTTP/1.1\r\nhost: x\r\n${Object.entries(by(owner)).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  await eventually('the call arrived', () => authorizationServer.calls.length > 0)
  const staying = app.inject({ url: '/', headers: by(owner) })
  leaving.destroy()
  await wait(20)
  answer()
  assert.equal((await staying).statusCode, 200)
  assert.equal(authorizationServer.calls.length, 1)
  assert.deepEqual(logged.filter((line) => line.includes('could not be judged')), [])
})
