// S-31: the upstream is who it should be, or gets nothing.
import assert from 'node:assert/strict'
import { before, test, type TestContext } from 'node:test'
import { answer, startDouble, type Double } from '../doubles/authorization-server.ts'
import { createAuthority, type CertificateAuthority } from '../token/certificate-authority.ts'
import { startGateway } from './gateway.ts'

let ours: CertificateAuthority
let another: CertificateAuthority
before(async () => {
  ours = await createAuthority('ours')
  another = await createAuthority('another')
})

async function upstreamFor (t: TestContext, ...addresses: string[]): Promise<Double> {
  const upstream = await startDouble(answer(200, {}, 'secret'), await ours.issue(...addresses))
  t.after(() => upstream.close())
  return upstream
}

async function refuses (t: TestContext, upstream: Double, tls?: { ca: string }): Promise<void> {
  const { send } = await startGateway(t, { upstream: { url: upstream.origin, ...(tls === undefined ? {} : { tls }) } })
  const { status, body } = await send()
  assert.equal(status, 502)
  assert.equal(JSON.parse(body.toString()).code, 'FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE')
  assert.equal(upstream.calls.length, 0)
}

test('S-31: an upstream of a private authority is refused by default', async (t) => {
  await refuses(t, await upstreamFor(t, '127.0.0.1'))
})

test('S-31: an upstream of a private authority is accepted with tls.ca', async (t) => {
  const upstream = await upstreamFor(t, '127.0.0.1')
  const { send } = await startGateway(t, { upstream: { url: upstream.origin, tls: { ca: ours.ca } } })
  assert.equal((await send()).body.toString(), 'secret')
})

test('S-31: an upstream of another authority is refused', async (t) => {
  await refuses(t, await upstreamFor(t, '127.0.0.1'), { ca: another.ca })
})

test('S-31: a certificate for another name is refused', async (t) => {
  await refuses(t, await upstreamFor(t, '127.0.0.2'), { ca: ours.ca })
})

test('S-31: tls options without ca verify all the same', async (t) => {
  const upstream = await upstreamFor(t, '127.0.0.1')
  const { send } = await startGateway(t, { upstream: { url: upstream.origin, tls: {} } })
  assert.equal((await send()).status, 502)
  assert.equal(upstream.calls.length, 0)
})

test('S-31: NODE_TLS_REJECT_UNAUTHORIZED=0 opens nothing', async (t) => {
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
  t.after(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  await refuses(t, await upstreamFor(t, '127.0.0.1'))
})
