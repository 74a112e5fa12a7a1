// An upstream that lets in only who shows a certificate of its authority.
import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { before, mock, test, type TestContext } from 'node:test'
import { createAuthority, type CertificateAuthority } from '../token/certificate-authority.ts'
import { filesWith, replace, type Pair } from '../token/certificate-files.ts'
import { eventually } from '../token/eventually.ts'
import { startGateway } from './gateway.ts'

let authority: CertificateAuthority
let another: CertificateAuthority
let first: Pair
let second: Pair
before(async () => {
  authority = await createAuthority('ours')
  another = await createAuthority('another')
  first = await authority.issue('127.0.0.1')
  second = await authority.issue('127.0.0.1')
})

/** Says whose certificate it saw, and after each answer closes the connection. */
async function demanding (t: TestContext): Promise<{ url: string, seen: string[] }> {
  const seen: string[] = []
  const server = createServer({ ...await authority.issue('127.0.0.1'), ca: authority.ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? 'none')
    response.writeHead(200, { connection: 'close' }).end('let in')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => { server.closeAllConnections(); server.close() })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function fingerprint ({ cert }: Pair): string {
  return new X509Certificate(cert).fingerprint256
}

test('S-31: an upstream that demands a client certificate gets ours', async (t) => {
  const { url, seen } = await demanding(t)
  const { send } = await startGateway(t, { upstream: { url, tls: { ca: authority.ca, certificate: first.cert, key: () => first.key } } })
  const { status, body } = await send()
  assert.deepEqual([status, body.toString()], [200, 'let in'])
  assert.deepEqual(seen, [fingerprint(first)])
})

test('S-31: without one, and with that of another authority, it gives nothing', async (t) => {
  const { url, seen } = await demanding(t)
  const theirs = await another.issue('127.0.0.1')
  for (const tls of [{ ca: authority.ca }, { ca: authority.ca, certificate: theirs.cert, key: theirs.key }]) {
    const { send } = await startGateway(t, { upstream: { url, tls } })
    const { status, body } = await send()
    assert.equal(status, 502)
    assert.equal(JSON.parse(body.toString()).code, 'FST_BOUND_TOKEN_UPSTREAM_UNAVAILABLE')
  }
  assert.deepEqual(seen, [])
})

test('a renewed certificate is shown on new connections; a key that does not fit is not used, and told of', async (t) => {
  const { url, seen } = await demanding(t)
  const { certificate, key } = filesWith(t, first)
  const { send, logged } = await startGateway(t, { upstream: { url, tls: { ca: authority.ca, certificate, key } } })
  let now = Date.now()
  mock.method(Date, 'now', () => now)
  t.after(() => mock.restoreAll())
  assert.equal((await send()).status, 200)
  replace(certificate.file, second.cert)
  now += 1000
  assert.equal((await send()).status, 200)
  await eventually('it is told of', () => logged.some((line) => line.includes('the new client certificate is not used')))
  replace(key.file, second.key)
  now += 1000
  assert.equal((await send()).status, 200)
  assert.deepEqual(seen, [fingerprint(first), fingerprint(first), fingerprint(second)])
  assert.ok(!logged.join().includes('PRIVATE'), 'a key was logged')
})

test('a certificate that its key does not fit stops the boot', async (t) => {
  const upstream = { url: 'https://127.0.0.1:1', tls: { certificate: first.cert, key: second.key } }
  await assert.rejects(startGateway(t, { upstream }), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
    assert.match(error.message, /upstream\.tls\.certificate: found a certificate and a key that do not fit; allowed: /)
    return !error.message.includes('BEGIN')
  })
})
