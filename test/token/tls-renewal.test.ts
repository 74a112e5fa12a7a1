// Certificates that are renewed in their files, as an authorization server that demands them sees it.
import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, before, beforeEach, mock, test, type TestContext } from 'node:test'
import { exchange } from '../../lib/token/exchange.ts'
import { tlsMaterial } from '../../lib/tls-material.ts'
import { createAuthority, type CertificateAuthority } from './certificate-authority.ts'
import { filesWith, replace, type Pair } from './certificate-files.ts'
import { refused } from './refused.ts'

let authority: CertificateAuthority
let first: Pair
let second: Pair
before(async () => {
  authority = await createAuthority('ours')
  first = await authority.issue('127.0.0.1')
  second = await authority.issue('127.0.0.1')
})
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }))
afterEach(() => mock.timers.reset())

function pass (milliseconds: number): void {
  mock.timers.setTime(Date.now() + milliseconds)
}

/** A server that lets in only who has a certificate of the authority, and says whose it was. */
async function mutualServer (t: TestContext): Promise<{ url: URL, seen: string[], connections: () => number }> {
  const seen: string[] = []
  let connections = 0
  const pair = await authority.issue('127.0.0.1')
  const server = createServer({ ...pair, ca: authority.ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? 'none')
    response.end('{}')
  })
  server.on('secureConnection', () => { connections++ })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => { server.closeAllConnections(); server.close() })
  return { url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`), seen, connections: () => connections }
}

test('37: the next call after a renewal is made with the new certificate, and one connection serves until then', async (t) => {
  const { url, seen, connections } = await mutualServer(t)
  const { certificate, key } = filesWith(t, first)
  const calls = exchange({ tls: await tlsMaterial({ ca: authority.ca, certificate, key }, 'tls', () => {}), timeout: 5000, maxBytes: 1000 })
  t.after(() => calls.close())
  const call = async (): Promise<void> => {
    assert.equal((await calls.send(url, { method: 'GET', headers: {} })).status, 200)
    await new Promise((resolve) => setImmediate(resolve)) // The connection is free again.
  }
  await call()
  await call()
  pass(5000)
  await call()
  assert.equal(connections(), 1)
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(1000)
  await call()
  await call()
  assert.equal(connections(), 2)
  assert.equal(seen.length, 5)
  assert.deepEqual([new Set(seen.slice(0, 3)).size, new Set(seen.slice(3)).size, new Set(seen).size], [1, 1, 2])
})

test('calls that are on their way when the certificate is renewed end well', async (t) => {
  const { url } = await mutualServer(t)
  const { certificate, key } = filesWith(t, first)
  const calls = exchange({ tls: await tlsMaterial({ ca: authority.ca, certificate, key }, 'tls', () => {}), timeout: 5000, maxBytes: 1000 })
  t.after(() => calls.close())
  const before = Array.from({ length: 100 }, async () => await calls.send(url, { method: 'GET', headers: {} }))
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(1000)
  const after = Array.from({ length: 100 }, async () => await calls.send(url, { method: 'GET', headers: {} }))
  const statuses = (await Promise.all([...before, ...after])).map(({ status }) => status)
  assert.deepEqual([...new Set(statuses)], [200])
})

test('S-31: without a certificate such a server gives nothing', async (t) => {
  const { url, seen } = await mutualServer(t)
  const calls = exchange({ tls: await tlsMaterial({ ca: authority.ca }, 'tls', () => {}), timeout: 5000, maxBytes: 1000 })
  t.after(() => calls.close())
  await refused('issuer_unavailable', calls.send(url, { method: 'GET', headers: {} }))
  assert.equal(seen.length, 0)
})
