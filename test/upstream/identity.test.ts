// Identity headers over real sockets: ours or none, never the client's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { forward } from '../../lib/index.ts'
import type { UpstreamOptions } from '../../types/options.ts'
import { owner, ownersClaims } from '../guard/protected-app.ts'
import { startGateway } from './gateway.ts'

const upstream: Partial<UpstreamOptions> = {
  headers: { 'X-Auth-Subject': { claim: 'sub' }, 'X-Auth-Tenant': { claim: 'tenant' }, 'X-Gateway': 'one' }, certificate: { header: 'X-Thumb' }
}
const forged = { 'x-auth-subject': 'root', x_auth_subject: 'root', 'X-AUTH_SUBJECT': 'root', 'x.auth.tenant': 'all', 'X-Auth-Tenant': 'all', x_thumb: 'x', 'x-gateway': 'two' }

/** Names, in lower case, and values as they came. */
function pairs (rawHeaders: readonly string[]): Array<[string, string]> {
  return rawHeaders.flatMap((name, index) => index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as [string, string]] : [])
}

function identityIn (rawHeaders: readonly string[]): Array<[string, string]> {
  return pairs(rawHeaders).filter(([name]) => /auth|thumb|gateway/.test(name)).sort()
}

test('P1, S-33: ours arrive, each once, and nothing of what the client sent under any alias', async (t) => {
  const { send, upstream: server } = await startGateway(t, { upstream })
  assert.equal((await send({ headers: forged })).status, 200)
  assert.deepEqual(identityIn(server.calls[0]?.rawHeaders ?? []), [['x-auth-subject', 'alice'], ['x-gateway', 'one'], ['x-thumb', owner.thumbprint]])
})

test('S-33: a claim that is absent leaves no room for the client\'s', async (t) => {
  const { send, upstream: server, known } = await startGateway(t, { upstream })
  known.set('good', { ...ownersClaims, sub: undefined })
  await send({ headers: forged })
  assert.deepEqual(identityIn(server.calls[0]?.rawHeaders ?? []), [['x-gateway', 'one'], ['x-thumb', owner.thumbprint]])
})

for (const connection of ['x-thumb', 'X-Thumb, X-Auth-Subject', 'close, x-auth-subject', 'keep-alive, x-gateway , x_thumb', 'x-auth-subject,,x-thumb']) {
  test(`P2, S-4: "Connection: ${connection}" cannot strip ours`, async (t) => {
    const { send, upstream: server } = await startGateway(t, { upstream })
    const { status } = await send({ headers: { connection } })
    assert.equal(status, 200)
    assert.deepEqual(identityIn(server.calls[0]?.rawHeaders ?? []), [['x-auth-subject', 'alice'], ['x-gateway', 'one'], ['x-thumb', owner.thumbprint]])
  })
}

test('P2: what the client\'s Connection lists goes no further, nor do the headers of its hop', async (t) => {
  const { send, upstream: server } = await startGateway(t)
  await send({ headers: { connection: 'close, x-hop', 'x-hop': '1', te: 'trailers', 'keep-alive': 'timeout=5', 'proxy-authorization': 'Basic x', 'x-end': '2' } })
  const headers = server.calls[0]?.headers ?? {}
  assert.equal(headers['x-end'], '2')
  for (const name of ['x-hop', 'te', 'keep-alive', 'proxy-authorization']) assert.equal(headers[name], undefined, name)
})

test('S-1, P11, 103: neither token nor certificate header goes upstream', async (t) => {
  const { send, upstream: server } = await startGateway(t)
  await send({ headers: { 'client-cert': ':AAAA:', 'x-forwarded-client-cert': 'Hash=x', 'x-ssl-verify': 'SUCCESS' } })
  const sent = JSON.stringify(server.calls[0]?.rawHeaders)
  assert.equal(sent.includes('Bearer'), false)
  assert.equal(sent.includes(owner.escaped.slice(40, 80)), false)
  assert.doesNotMatch(sent, /cert|ssl/i)
})

test('token: forward sends the token on', async (t) => {
  const { send, upstream: server } = await startGateway(t, { upstream: { token: 'forward' } })
  await send()
  assert.equal(server.calls[0]?.headers.authorization, 'Bearer good')
})

test('the upstream is addressed by its own name', async (t) => {
  const { send, upstream: server } = await startGateway(t)
  await send({ headers: { host: 'evil.example', 'x-forwarded-host': 'as-the-client-says' } })
  assert.equal(server.calls[0]?.headers.host, `127.0.0.1:${server.port}`)
  assert.equal(server.calls[0]?.headers['x-forwarded-host'], 'as-the-client-says')
})

test('S-33: what some upstream gets from us is dropped on every route, also on a public one and one that goes elsewhere', async (t) => {
  const seen: Array<FastifyRequest['headers']> = []
  const look = async (request: FastifyRequest) => { seen.push(request.headers) }
  const { send, upstream: server } = await startGateway(t, {
    upstream,
    declare (app, url) {
      app.get('/public', { config: { boundToken: false } }, look)
      app.get('/own', look)
      app.get('/plain', { config: { boundToken: { upstream: { url } } } }, forward)
    }
  })
  for (const path of ['/public', '/own', '/plain']) await send({ path, headers: { ...forged, 'x-other': '1' } })
  assert.equal(seen.length, 2)
  for (const headers of [...seen, server.calls[0]?.headers ?? {}]) {
    assert.equal(headers['x-other'], '1')
    assert.deepEqual(Object.keys(headers).filter((name) => /x.auth|thumb|gateway/.test(name)), [])
  }
})

test('S-33: an error handler of the application\'s sees none of it either, on a request that is refused', async (t) => {
  const seen: string[] = []
  const { send } = await startGateway(t, {
    upstream,
    declare (app) {
      app.setErrorHandler((error, request, reply) => {
        seen.push(...Object.keys(request.headers))
        reply.send(error)
      })
    }
  })
  assert.equal((await send({ anonymous: true, headers: { ...forged, 'x-other': '1' } })).status, 401)
  assert.ok(seen.includes('x-other'))
  assert.deepEqual(seen.filter((name) => /x.auth|thumb|gateway/.test(name)), [])
})

test('Law 7: the certificate header of the plugin does not go upstream from a route that has a source of its own', async (t) => {
  const secretName = 'x-3f9c2a7be01d4c58-client-certificate'
  const { send, upstream: server } = await startGateway(t, {
    plugin: { certificate: { header: secretName, format: 'url-pem', trustedProxies: ['127.0.0.1'], secretName: {} } },
    route: { certificate: { preset: 'nginx', verified: false, trustedProxies: ['127.0.0.1'] } }
  })
  assert.equal((await send({ headers: { [secretName]: owner.escaped } })).status, 200)
  assert.equal(server.calls[0]?.headers[secretName], undefined)
})

for (const claim of ['x\r\nX-Admin: 1', 'a\0b', '\u{1f511}', 'x'.repeat(100_000)]) {
  test(`S-34, I18: a subject ${JSON.stringify(claim).slice(0, 24)} does not reach a header, and is no error`, async (t) => {
    const { send, upstream: server, known } = await startGateway(t, { upstream })
    known.set('good', { ...ownersClaims, sub: claim })
    assert.equal((await send()).status, 200)
    assert.deepEqual(identityIn(server.calls[0]?.rawHeaders ?? []), [['x-gateway', 'one'], ['x-thumb', owner.thumbprint]])
    assert.equal(server.calls[0]?.headers['x-admin'], undefined)
  })
}

test('the certificate as RFC 9440 has it is the one that was presented', async (t) => {
  const { send, upstream: server } = await startGateway(t, { upstream: { certificate: { header: 'Client-Cert', format: 'rfc9440' } } })
  await send({ headers: { 'client-cert': ':AAAA:' } })
  const base64 = decodeURIComponent(owner.escaped).replace(/-----[A-Z ]+-----|\s/g, '')
  assert.equal(server.calls[0]?.headers['client-cert'], `:${base64}:`)
})
