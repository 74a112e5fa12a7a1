import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type OutgoingHttpHeaders, type SecureClientSessionOptions } from 'node:http2'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { createCertificate, type TestCertificate } from './certificates.ts'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'

let server: TestCertificate
let client: TestCertificate
const open: GuardedApp[] = []

before(async () => {
  server = await createCertificate({ name: 'localhost' })
  client = await createCertificate({ name: 'a client' })
})
after(() => Promise.all(open.map((guarded) => guarded.close())))

async function start (certificate: Parameters<typeof startGuardedApp>[0]['certificate']): Promise<GuardedApp> {
  const https = { cert: server.pem, key: server.key, requestCert: true, rejectUnauthorized: false }
  const guarded = await startGuardedApp({ certificate, boundTo: client.thumbprint, server: { http2: true, https } })
  open.push(guarded)
  return guarded
}

async function visit (guarded: GuardedApp, headers: OutgoingHttpHeaders, options: SecureClientSessionOptions = {}) {
  const session = connect(`https://127.0.0.1:${guarded.port}`, { rejectUnauthorized: false, ...options })
  try {
    const stream = session.request({ ':path': '/', authorization: 'Bearer a-token', ...headers })
    const [response] = await once(stream, 'response')
    await text(stream)
    return [response[':status'], guarded.decisions.at(-1)?.reason]
  } finally {
    session.close()
  }
}

describe('HTTP/2, from TLS', () => {
  it('the certificate of the connection, or none', async () => {
    const guarded = await start({ source: 'tls' })
    assert.deepEqual(await visit(guarded, {}, { cert: client.pem, key: client.key }), [200, null])
    assert.deepEqual(await visit(guarded, {}), [401, 'certificate_missing'])
    assert.deepEqual(await visit(guarded, { 'client-cert': `:${client.der.toString('base64')}:` }), [401, 'certificate_missing'])
  })
})

describe('HTTP/2, from a header', () => {
  it('one line is read, and no other', async () => {
    const guarded = await start({ preset: 'rfc9440', trustedProxies: ['127.0.0.1'] })
    const value = `:${client.der.toString('base64')}:`
    assert.deepEqual(await visit(guarded, { 'client-cert': value }), [200, null])
    assert.deepEqual(await visit(guarded, {}), [401, 'certificate_missing'])
    assert.deepEqual(await visit(guarded, { 'client-cert': [value, value] }), [401, 'certificate_ambiguous'], 'S-5')
    assert.deepEqual(await visit(guarded, { 'client-cert': [value, ''] }), [401, 'certificate_ambiguous'], 'S-5')
    assert.deepEqual(await visit(guarded, { 'client-cert': value, client_cert: value }), [401, 'certificate_ambiguous'], 'S-2')
  })

  it('S-3, C44: not out of a trailer', async () => {
    const guarded = await start({ preset: 'rfc9440', trustedProxies: ['127.0.0.1'] })
    const session = connect(`https://127.0.0.1:${guarded.port}`, { rejectUnauthorized: false })
    const stream = session.request({ ':path': '/', authorization: 'Bearer a-token', trailer: 'client-cert' }, { endStream: false, waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'client-cert': `:${client.der.toString('base64')}:` }))
    stream.end('a')
    const [response] = await once(stream, 'response')
    session.destroy()
    assert.deepEqual([response[':status'], guarded.decisions.at(-1)?.reason], [401, 'certificate_missing'])
  })

  it('S-1: not from a peer that is not trusted', async () => {
    const guarded = await start({ preset: 'rfc9440', trustedProxies: ['10.0.0.0/8'] })
    assert.deepEqual(await visit(guarded, { 'client-cert': `:${client.der.toString('base64')}:` }), [401, 'certificate_source_untrusted'])
  })
})
