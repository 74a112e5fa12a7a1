import assert from 'node:assert/strict'
import { before, test, type TestContext } from 'node:test'
import { json, startDouble, type Double } from '../doubles/authorization-server.ts'
import { createAuthority, type CertificateAuthority } from './certificate-authority.ts'
import { refused } from './refused.ts'
import { resolverAt } from './resolver-at.ts'

let ours: CertificateAuthority
let another: CertificateAuthority
before(async () => {
  ours = await createAuthority('ours')
  another = await createAuthority('another')
})

async function serverFor (t: TestContext, ...addresses: string[]): Promise<Double> {
  const server = await startDouble(json({ active: true, sub: 'alice' }), await ours.issue(...addresses))
  t.after(() => server.close())
  return server
}

async function resolve (server: Double, ca: string[] | null) {
  const resolver = resolverAt(server.origin, { ca })
  return resolver.record('abc').finally(() => resolver.close())
}

async function refusesUnsent (server: Double, ca: string[] | null): Promise<void> {
  assert.equal((await refused('issuer_unavailable', resolve(server, ca))).detail?.replace(/ \(\w+\)$/, ''), 'the connection failed')
  assert.equal(server.calls.length, 0, 'the token was sent')
}

test('41, S-31: a server of a private authority is refused by default', async (t) => {
  await refusesUnsent(await serverFor(t, '127.0.0.1'), null)
})

test('S-31: a server of a private authority is accepted with its certificate', async (t) => {
  assert.equal((await resolve(await serverFor(t, '127.0.0.1'), [ours.ca]))?.claims.sub, 'alice')
  assert.equal((await resolve(await serverFor(t, '127.0.0.1'), [another.ca, ours.ca]))?.claims.sub, 'alice')
})

test('S-31: a server of another authority is refused', async (t) => {
  await refusesUnsent(await serverFor(t, '127.0.0.1'), [another.ca])
})

test('S-31: a certificate for another name is refused', async (t) => {
  await refusesUnsent(await serverFor(t, '127.0.0.2'), [ours.ca])
})

test('S-31: NODE_TLS_REJECT_UNAUTHORIZED=0 opens nothing', async (t) => {
  const server = await serverFor(t, '127.0.0.1')
  const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
  t.after(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  await refusesUnsent(server, null)
})
