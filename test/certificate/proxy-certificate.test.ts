import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls, type Server as TlsServer, type TLSSocket } from 'node:tls'
import Fastify from 'fastify'
import { proxyCertificate } from '../../lib/certificate/proxy-certificate.ts'
import boundToken from '../../lib/index.ts'
import type { CertificateOptions, ProxyCertificateOptions } from '../../lib/options.ts'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import { pluginOptions, startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { exchangeOn, requestText } from './raw-exchange.ts'

describe('a proxy that connects with mutual TLS', () => {
  let pki: Pki
  let client: ClientCertificate
  let proxy: ClientCertificate
  let renewed: ClientCertificate
  let sameName: ClientCertificate
  let neighbour: ClientCertificate
  let guarded: GuardedApp
  before(async () => {
    pki = await createPki()
    client = await createClientCertificate('client')
    proxy = await createClientCertificate('proxy-1', { issuer: pki })
    renewed = await createClientCertificate('proxy-1', { issuer: pki })
    sameName = await createClientCertificate('proxy-1')
    neighbour = await createClientCertificate('neighbour', { issuer: pki })
    const thumbprint = Buffer.from(proxy.thumbprint, 'base64url')
    const hex = thumbprint.toString('hex').toUpperCase().match(/../g)?.join(':') as string
    const source = (clientCertificate: ProxyCertificateOptions, more = {}): CertificateOptions => ({ header: 'x-cert', format: 'base64-der', trustedProxies: [{ clientCertificate, ...more }] })
    guarded = await startGuardedApp({
      certificate: source({ thumbprints: [proxy.thumbprint] }),
      routes: {
        '/hex': source({ thumbprints: [hex] }),
        '/name': source({ subjects: [{ CN: 'proxy-1' }, { CN: 'proxy-2', O: 'Ours' }] }),
        '/both': source({ thumbprints: [neighbour.thumbprint], subjects: [{ CN: 'proxy-1' }] }),
        '/near': source({ thumbprints: [proxy.thumbprint] }, { addresses: ['127.0.0.1'] }),
        '/far': source({ thumbprints: [proxy.thumbprint] }, { addresses: ['192.0.2.1'] })
      },
      boundTo: client.thumbprint,
      server: { https: { cert: pki.server.certificate, key: pki.server.key, ca: pki.ca, requestCert: true, rejectUnauthorized: false } }
    })
  })
  after(() => guarded.close())

  async function connectAs (who: ClientCertificate | null, session?: Buffer): Promise<TLSSocket> {
    const own = who !== null && { cert: who.certificate, key: who.key }
    const socket = connectTls({ port: guarded.port, host: '127.0.0.1', servername: 'localhost', ca: pki.ca, maxVersion: 'TLSv1.2', ...own, ...session && { session } })
    await once(socket, 'secureConnect')
    return socket
  }

  async function visit (path: string, who: ClientCertificate | null, socket?: TLSSocket): Promise<string | number> {
    const lines = [['Authorization', `Bearer ${crypto.randomUUID()}`], ['X-Cert', client.der.toString('base64')]] as const
    const { status } = await exchangeOn(socket ?? await connectAs(who), requestText(path, lines))
    return status === 200 ? 200 : guarded.decisions.at(-1)?.reason ?? status
  }

  const untrusted = 'certificate_source_untrusted'

  it('is known by the thumbprint of its certificate, in base64url or in hex', async () => {
    for (const path of ['/', '/hex']) {
      assert.equal(await visit(path, proxy), 200)
      for (const who of [renewed, sameName, neighbour, null]) assert.equal(await visit(path, who), untrusted)
    }
  })

  it('is known by its name, where the authority of the server vouches for it', async () => {
    for (const who of [proxy, renewed]) assert.equal(await visit('/name', who), 200)
    for (const who of [sameName, neighbour, null]) assert.equal(await visit('/name', who), untrusted)
  })

  it('thumbprints and names are alternatives, an address beside them is not', async () => {
    assert.deepEqual([await visit('/both', neighbour), await visit('/both', proxy), await visit('/both', sameName)], [200, 200, untrusted])
    assert.deepEqual([await visit('/near', proxy), await visit('/near', neighbour), await visit('/far', proxy)], [200, untrusted, untrusted])
  })

  it('S-1: the client\'s own certificate on the connection is not that of a proxy', async () => {
    assert.equal(await visit('/', client), untrusted)
    assert.equal(await visit('/name', client), untrusted)
  })

  it('S-1: a name for which only another context of the server vouches is nobody\'s', async (t) => {
    const other = await createPki()
    const false1 = await createClientCertificate('proxy-1', { issuer: other })
    const { cert, key } = { cert: pki.server.certificate, key: pki.server.key }
    const server = guarded.app.server as unknown as TlsServer
    const connect = async (who: ClientCertificate, servername: string): Promise<TLSSocket> => {
      const socket = connectTls({ port: guarded.port, host: '127.0.0.1', servername, ca: pki.ca, checkServerIdentity: () => undefined, cert: who.certificate, key: who.key })
      await once(socket, 'secureConnect')
      return socket
    }
    // As the context of another name has it that believes other authorities, or the public ones.
    server.addContext('second.example', { cert, key, ca: other.ca })
    assert.equal(await visit('/name', false1, await connect(false1, 'second.example')), untrusted)
    assert.equal(await visit('/name', false1, await connect(false1, 'localhost')), untrusted)
    assert.equal(await visit('/name', proxy, await connect(proxy, 'localhost')), 200)
    t.after(() => { server.setSecureContext({ cert, key, ca: pki.ca }) })
    // A renewal that forgets the authorities: nobody is vouched for.
    server.setSecureContext({ cert, key })
    assert.equal(await visit('/name', proxy, await connect(proxy, 'localhost')), untrusted)
    server.setSecureContext({ cert, key, ca: [Buffer.from(other.ca), pki.ca] })
    assert.equal(await visit('/name', proxy, await connect(proxy, 'localhost')), 200)
  })

  it('a resumed session keeps the proxy', async () => {
    for (const path of ['/', '/name']) {
      const first = await connectAs(proxy)
      const session = first.getSession()
      assert.equal(await visit(path, proxy, first), 200)
      const resumed = await connectAs(null, session)
      assert.ok(resumed.isSessionReused())
      assert.equal(await visit(path, null, resumed), 200)
    }
  })

  it('several requests on one connection are judged alike', async () => {
    const socket = await connectAs(neighbour)
    const lines = [['Authorization', 'Bearer a'], ['X-Cert', client.der.toString('base64')]] as const
    const text = requestText('/', lines)
    const { head, body } = await exchangeOn(socket, text.replace('Connection: close\r\n', '') + text)
    assert.match(`${head}${body}`, /^HTTP\/1\.1 401 /)
    assert.equal(guarded.decisions.slice(-2).filter(({ reason }) => reason === untrusted).length, 2)
  })
})

describe('a certificate of the proxy that stops the boot', () => {
  const thumbprints = [Buffer.alloc(32, 1).toString('base64url')]
  const asking = { asksForCertificate: true, authorities: () => 'a' as unknown }
  const table: ReadonlyArray<readonly [what: string, options: ProxyCertificateOptions, server: typeof asking | null, message: RegExp]> = [
    ['on a server without TLS', { thumbprints }, null, /^p: this server does not ask for certificates; allowed: where Fastify terminates TLS/],
    ['on one that asks for no certificate', { thumbprints }, { ...asking, asksForCertificate: false }, /^p: this server does not ask for certificates/],
    ['S-9: by name on one that believes every public authority', { subjects: [{ CN: 'a' }] }, { ...asking, authorities: () => undefined as unknown },
      /^p\.subjects: this server has no authority of its own, so that every public one could vouch/],
    ['nothing to know it by', {}, asking, /^p: found neither thumbprints nor subjects/],
    ['S-1: a name that everybody has', { subjects: [{ CN: 'a' }, {}] }, asking, /^p\.subjects\[1\]: found an empty object, which every certificate of the authority would fit/],
    ['a SHA-1', { thumbprints: ['a'.repeat(40)] }, asking, /^p\.thumbprints\[0\]: found something that is no SHA-256 thumbprint; allowed: 43 characters of base64url, or 64 of hex/],
    ['one in base64', { thumbprints: [...thumbprints, Buffer.alloc(32, 0xff).toString('base64')] }, asking, /^p\.thumbprints\[1\]/]
  ]
  for (const [what, options, server, message] of table) {
    it(what, () => {
      assert.throws(() => proxyCertificate(options, 'p', { server, onTrouble () {} }), { code: 'FST_BOUND_TOKEN_OPTIONS', message })
    })
  }

  it('through the plugin, by the server that there is', async (t) => {
    const certificate: CertificateOptions = { header: 'x-cert', format: 'base64-der', trustedProxies: [{ clientCertificate: { thumbprints } }] }
    const { server } = await createPki()
    const servers = { plain: undefined, 'without requestCert': { cert: server.certificate, key: server.key } }
    for (const [name, https] of Object.entries(servers)) {
      const app = Fastify(https === undefined ? {} : { https } as object)
      t.after(() => app.close())
      await assert.rejects(async () => await app.register(boundToken, pluginOptions('http://127.0.0.1:1', certificate)), /trustedProxies\[0\]\.clientCertificate: this server does not ask for certificates/, name)
    }
  })
})
