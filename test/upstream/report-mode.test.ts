// S-40: report mode lets requests through, and never looks like an allow.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpstreamOptions } from '../../types/options.ts'
import { hang } from '../doubles/authorization-server.ts'
import { owner } from '../guard/protected-app.ts'
import { startGateway, type Message } from './gateway.ts'

const upstream: Partial<UpstreamOptions> = { headers: { 'x-auth-subject': { claim: 'sub' }, 'x-gateway': 'one' }, certificate: { header: 'x-thumb' } }
const requests: Array<[name: string, message: Message]> = [
  ['a good token', {}],
  ['no token', { anonymous: true }],
  ['a bad token', { headers: { authorization: 'Bearer bad' } }],
  ['a malformed token', { headers: { authorization: 'Bearer' } }],
  ['a certificate of another', { headers: { 'x-ssl-cert': 'x' } }]
]

for (const [name, message] of requests) {
  test(`S-40, S-33: ${name} goes on, without identity, without the client's and without the token`, async (t) => {
    const { send, upstream: server } = await startGateway(t, { upstream, route: { mode: 'report' } })
    const { status, headers } = await send({ ...message, headers: { 'x-auth-subject': 'root', x_thumb: owner.thumbprint, 'x-other': '1', ...message.headers } })
    assert.equal(status, 200)
    assert.equal(headers['www-authenticate'], undefined)
    const sent = server.calls[0]?.headers ?? {}
    assert.equal(sent['x-other'], '1')
    assert.deepEqual(Object.keys(sent).filter((name) => /auth|thumb|gateway|ssl|cert/.test(name)), [])
  })
}

test('S-40: bodies go on as they do otherwise', async (t) => {
  const { send, upstream: server } = await startGateway(t, { upstream, route: { mode: 'report' } })
  const body = '{"a":1,"a":2}'
  await send({ method: 'POST', anonymous: true, headers: { 'content-type': 'application/json', 'content-length': String(body.length) }, body })
  assert.equal(server.calls[0]?.body, body)
})

test('S-35: an ambiguous path is refused in report mode too', async (t) => {
  const { send, upstream: server } = await startGateway(t, { route: { mode: 'report' } })
  assert.equal((await send({ path: '/any/%2e%2e/admin' })).status, 400)
  assert.equal(server.calls.length, 0)
})

test('S-40: an authorization server that hangs does not stop the request', async (t) => {
  const { send, authorizationServer } = await startGateway(t, { route: { mode: 'report' } })
  authorizationServer.behave(hang)
  assert.equal((await send()).status, 200)
})
