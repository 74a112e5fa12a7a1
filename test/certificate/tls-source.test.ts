import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import Fastify from 'fastify'
import { tlsSource } from '../../lib/certificate/tls-source.ts'
import boundToken from '../../lib/index.ts'
import { createCertificate, type TestCertificate } from './certificates.ts'
import { pluginOptions, startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { inboundMessage, readFrom } from './inbound.ts'
import { exchangeOn, requestText } from './raw-exchange.ts'

describe('TLS source: Fastify itself terminates TLS', () => {
  let client: TestCertificate
  let other: TestCertificate
  let guarded: GuardedApp

  before(async () => {
    client = await createCertificate({ name: 'a client' })
    other = await createCertificate({ name: 'a client' })
    const { pem: cert, key } = await createCertificate({ name: 'localhost' })
    guarded = await startGuardedApp({
      certificate: { source: 'tls' },
      boundTo: client.thumbprint,
      server: { https: { cert, key, requestCert: true, rejectUnauthorized: false } }
    })
  })
  after(() => guarded.close())

  /** What the server offered for resumption, last. */
  const sessions = new WeakMap<TLSSocket, Buffer>()

  interface Connection { readonly shown?: TestCertificate, readonly session?: Buffer | undefined, readonly version?: SecureVersion }

  async function connectAs ({ shown, session, version = 'TLSv1.3' }: Connection): Promise<TLSSocket> {
    const socket = connect({
      port: guarded.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ...shown === undefined ? {} : { cert: shown.pem, key: shown.key },
      ...session === undefined ? {} : { session }
    })
    socket.on('session', (offered) => sessions.set(socket, offered))
    await once(socket, 'secureConnect')
    return socket
  }

  async function visit (token: string, socket: TLSSocket, ...lines: Array<readonly [string, string]>) {
    const { status, body } = await exchangeOn(socket, requestText('/', [['Authorization', `Bearer ${token}`], ...lines]))
    const calls = guarded.asked().filter((asked) => asked === token).length
    return { status, body: status === 200 ? body : '', reason: guarded.decisions.at(-1)?.reason, calls }
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`${version}: the certificate of the connection`, async () => {
      const outcome = await visit(`shown-${version}`, await connectAs({ shown: client, version }))
      assert.deepEqual(outcome, { status: 200, body: client.thumbprint, reason: null, calls: 1 })
    })

    it(`${version}: another certificate, with the same names`, async () => {
      const outcome = await visit(`other-${version}`, await connectAs({ shown: other, version }))
      assert.deepEqual(outcome, { status: 401, body: '', reason: 'binding_mismatch', calls: 1 })
    })

    it(`${version}: no certificate`, async () => {
      const outcome = await visit(`none-${version}`, await connectAs({ version }))
      assert.deepEqual(outcome, { status: 401, body: '', reason: 'certificate_missing', calls: 0 })
    })

    it(`${version}: a resumed session, where none is shown again`, async () => {
      const first = await connectAs({ shown: client, version })
      await visit(`first-${version}`, first)
      const resumed = await connectAs({ session: sessions.get(first), version })
      assert.equal(resumed.isSessionReused(), true)
      const outcome = await visit(`resumed-${version}`, resumed)
      assert.deepEqual(outcome, { status: 200, body: client.thumbprint, reason: null, calls: 1 })
    })
  }

  it('S-1, 90: a certificate in a header counts for nothing', async () => {
    const header = ['Client-Cert', `:${client.der.toString('base64')}:`] as const
    assert.deepEqual(await visit('header-alone', await connectAs({}), header), { status: 401, body: '', reason: 'certificate_missing', calls: 0 })
    assert.deepEqual(await visit('header-beside', await connectAs({ shown: other }), header), { status: 401, body: '', reason: 'binding_mismatch', calls: 1 })
  })
})

describe('TLS source, one connection', () => {
  it('is asked for its certificate once', async () => {
    const { der } = await createCertificate()
    let asked = 0
    const socket = Object.assign(new Socket(), {
      getPeerX509Certificate: () => { asked++; return { raw: der } },
      disableRenegotiation: () => {}
    })
    const source = tlsSource()
    const first = readFrom(source, inboundMessage([], socket))
    assert.equal(readFrom(source, inboundMessage([], socket)), first)
    assert.equal(asked, 1)
    assert.notEqual(readFrom(tlsSource(), inboundMessage([], socket)), first)
  })

  it('without TLS, or with none left, has no certificate', () => {
    assert.equal(readFrom(tlsSource(), inboundMessage([])), 'certificate_missing')
    const closed = Object.assign(new Socket(), { getPeerX509Certificate: () => undefined })
    assert.equal(readFrom(tlsSource(), inboundMessage([], closed)), 'certificate_missing')
  })
})

describe('TLS source on a server without TLS', () => {
  it('stops the boot', async () => {
    const app = Fastify()
    app.register(boundToken, pluginOptions('http://127.0.0.1:1', { source: 'tls' }))
    await assert.rejects(async () => await app.ready(), {
      code: 'FST_BOUND_TOKEN_OPTIONS',
      message: 'options.certificate.source: found "tls", but this server does not speak TLS; allowed: "header", or Fastify({ https: { requestCert: true, … } })'
    })
    await app.close()
  })
})
