import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { request, Agent } from 'undici'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import type { GatewayOptions } from '../../lib/options.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { ownersClaims } from '../guard/protected-app.ts'
import { folderOf, gatewayOptions } from './gateway-file.ts'
import { gatewayHere, startCommand, type GatewayHere } from './running.ts'

let pki: Pki
let other: Pki
let client: ClientCertificate
let stranger: ClientCertificate
before(async () => {
  [pki, other] = await Promise.all([createPki(), createPki()])
  client = await createClientCertificate('client', { issuer: pki })
  stranger = await createClientCertificate('stranger')
})

const publicRoute = { url: '/', public: true, respond: { body: 'in' } }

/** Files for `server.tls`, which a test may write anew. */
function tlsFiles (t: TestContext): { tls: object, write: (from: Pki) => void } {
  const folder = folderOf(t)
  const [certificate, key] = [join(folder, 'tls.pem'), join(folder, 'tls-key.pem')]
  const write = ({ server }: Pki): void => {
    writeFileSync(certificate, server.certificate)
    writeFileSync(key, server.key)
  }
  write(pki)
  return { tls: { certificate: { file: certificate }, key: { file: key } }, write }
}

const withTls = (tls: object, more: object = {}): GatewayOptions => gatewayOptions({ server: { port: 0, tls }, routes: [publicRoute], ...more }) as unknown as GatewayOptions

async function connected (port: number, who: ClientCertificate | null, more: object = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: [pki.ca, other.ca], ...who !== null && { cert: who.certificate, key: who.key }, ...more })
  await once(socket, 'secureConnect')
  return socket
}

async function ask (socket: Socket, lines: readonly string[] = []): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`)
  return String((await once(socket, 'data') as [Buffer])[0])
}

test('https, from TLS 1.2 or as it is told', async (t) => {
  const { tls } = tlsFiles(t)
  const { origin, port } = await gatewayHere(t, withTls({ ...tls, minVersion: 'TLSv1.3' }))
  assert.match(origin, /^https:\/\/127\.0\.0\.1:\d+$/)
  const socket = await connected(port, null)
  t.after(() => socket.destroy())
  assert.match(await ask(socket), /^HTTP\/1\.1 200 OK\r\n/)
  await assert.rejects(connected(port, null, { maxVersion: 'TLSv1.2' }), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
})

test('a client certificate of the connection binds tokens, and one from nobody does too where it is only asked for', async (t) => {
  const server = await startDouble(json({ ...ownersClaims, cnf: { 'x5t#S256': stranger.thumbprint } }))
  t.after(() => server.close())
  const { tls } = tlsFiles(t)
  const clientAuth = { method: 'client_secret_basic', clientId: 'api', clientSecret: { env: 'PATH' } }
  const { port } = await gatewayHere(t, withTls({ ...tls, clientCertificate: 'request' }, {
    certificate: { source: 'tls' },
    issuers: [{ issuer: 'https://login.example.com', audience: 'https://api.example.com', allowInsecureLoopback: true, introspection: { endpoint: `${server.origin}/i`, clientAuth } }],
    routes: [{ url: '/', respond: { body: 'in' } }]
  }))
  const status = async (who: ClientCertificate | null): Promise<string | undefined> => {
    const socket = await connected(port, who)
    t.after(() => socket.destroy())
    return /^HTTP\/1\.1 (\d+)/.exec(await ask(socket, ['Authorization: Bearer good']))?.[1]
  }
  assert.deepEqual([await status(stranger), await status(client), await status(null)], ['200', '401', '401'])
})

test('a source that needs the connection\'s certificate is refused where nobody asks for one', async (t) => {
  await assert.rejects(gatewayHere(t, withTls(tlsFiles(t).tls, { certificate: { source: 'tls' } })), /options\.certificate\.source: found "tls"/)
  await assert.rejects(gatewayHere(t, gatewayOptions({ server: { port: 0 }, routes: [publicRoute, { url: '/b', respond: {}, certificate: { source: 'tls' } }] })), /options\.routes\[1\]\.certificate\.source: found "tls"/)
})

test('mutual TLS: only whom the authorities vouch for gets in, also after others have taken their place', async (t) => {
  const { tls } = tlsFiles(t)
  const { gateway, port } = await gatewayHere(t, withTls({ ...tls, ca: pki.ca, clientCertificate: 'require' }))
  const enters = async (who: ClientCertificate | null, session?: Buffer): Promise<[boolean, TLSSocket]> => {
    const socket = await connected(port, who, { maxVersion: 'TLSv1.2', ...session !== undefined && { session } }).catch(() => null)
    if (socket !== null) t.after(() => socket.destroy())
    return [socket !== null && (await ask(socket).catch(() => '')).startsWith('HTTP/1.1 200'), socket as TLSSocket]
  }
  const [isIn, socket] = await enters(client)
  assert.equal(isIn, true)
  assert.deepEqual([(await enters(stranger))[0], (await enters(null))[0]], [false, false])
  const session = socket.getSession() as Buffer
  assert.equal((await enters(client, session))[1].isSessionReused(), true)

  await gateway.take(withTls({ ...tls, ca: other.ca, clientCertificate: 'require' }))
  assert.equal((await enters(client))[0], false)
  assert.equal((await enters(client, session))[0], false)
  assert.match(await ask(socket), /^HTTP\/1\.1 200 /)
})

test('a new certificate is used for new connections, and open ones stay', async (t) => {
  const { tls, write } = tlsFiles(t)
  const options = withTls(tls)
  const { gateway, port } = await gatewayHere(t, options)
  const before = await connected(port, null)
  t.after(() => before.destroy())
  assert.match(await ask(before), /^HTTP\/1\.1 200 /)
  write(other)
  await gateway.take(options)
  const after = await connected(port, null)
  t.after(() => after.destroy())
  assert.notEqual(after.getPeerCertificate().fingerprint256, before.getPeerCertificate().fingerprint256)
  assert.match(await ask(before), /^HTTP\/1\.1 200 /)
  writeFileSync((tls as { key: { file: string } }).key.file, pki.server.key)
  await assert.rejects(gateway.take(options), /options\.server\.tls\.certificate: found a certificate and a key that do not fit/)
})

test('what a running server cannot become is refused rather than left out', async (t) => {
  const { tls } = tlsFiles(t)
  const { gateway } = await gatewayHere(t, withTls(tls))
  await assert.rejects(gateway.take(withTls({ ...tls, ca: pki.ca, clientCertificate: 'require' })), /options\.server\.tls\.clientCertificate: found another than before; allowed: as it was, or a restart/)
  await assert.rejects(gateway.take(gatewayOptions({ server: { port: 0 } }) as unknown as GatewayOptions), /options\.server\.tls: missing where it was there; allowed: as it was, or a restart/)
})

test('options that do not go together', async (t) => {
  const { tls } = tlsFiles(t)
  for (const [server, message] of [
    [{ tls: { ...tls, clientCertificate: 'require' } }, /options\.server\.tls\.ca: missing/],
    [{ tls: { ...tls, ca: pki.ca } }, /options\.server\.tls\.ca: found where clients are not asked/],
    [{ unix: 'a.sock', port: 1 }, /options\.server\.unix: found beside host or port/]
  ] as const) await assert.rejects(gatewayHere(t, gatewayOptions({ server })), message)
})

test('clients that break the protocol are told so', async (t) => {
  const { port, gateway } = await gatewayHere(t, gatewayOptions({ server: { port: 0, maxHeaderSize: 4096, keepAliveTimeout: 1234 }, routes: [publicRoute] }))
  const answerTo = async (text: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    socket.write(text)
    return String((await once(socket, 'data') as [Buffer])[0])
  }
  assert.match(await answerTo('GET / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/)
  assert.match(await answerTo(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(5000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(await answerTo('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'), /^HTTP\/1\.1 200 /)
  const unrouted = await answerTo('GET /%zz?token=of-the-client HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(unrouted, /^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"FST_ERR_BAD_URL"/)
  assert.ok(!unrouted.includes('of-the-client'))
  assert.deepEqual([gateway.server.keepAliveTimeout, gateway.server.requestTimeout, gateway.server.headersTimeout], [1234, 300_000, 60_000])
})

async function throughSocket (path: string): Promise<number> {
  const agent = new Agent({ connect: { socketPath: path } })
  try {
    return (await request('http://localhost/', { dispatcher: agent })).statusCode
  } finally {
    await agent.destroy()
  }
}

const isWindows = process.platform === 'win32'

test('a unix socket, for its user and group only, that is gone afterwards', { skip: isWindows }, async (t) => {
  const path = join(folderOf(t), 'gateway.sock')
  const { gateway } = await gatewayHereOn(t, path)
  assert.equal(statSync(path).mode & 0o777, 0o660)
  assert.equal(await throughSocket(path), 200)
  await gateway.end()
  assert.equal(existsSync(path), false)
})

test('a socket file that a killed process has left is taken away', { skip: isWindows }, async (t) => {
  const path = join(folderOf(t), 'gateway.sock')
  const file = join(folderOf(t), 'gateway.json')
  writeFileSync(file, JSON.stringify(gatewayOptions({ server: { unix: path } })))
  const killed = startCommand(t, [file])
  await killed.line(({ msg }) => msg === `listening at unix:${path}`)
  killed.child.kill('SIGKILL')
  await killed.exited
  assert.equal(existsSync(path), true)
  await gatewayHereOn(t, path)
  assert.equal(await throughSocket(path), 200)
})

test('a socket on which somebody listens stays, and so does what is no socket', { skip: isWindows }, async (t) => {
  const folder = folderOf(t)
  const [taken, file] = [join(folder, 'taken.sock'), join(folder, 'file')]
  const server = createServer((socket) => socket.on('error', () => {}).end('mine')).listen(taken)
  await once(server, 'listening')
  t.after(() => server.close())
  writeFileSync(file, 'mine')
  for (const path of [taken, file]) await assert.rejects(gatewayHereOn(t, path), { code: 'EADDRINUSE' })
  assert.equal(String((await once(connect(taken), 'data') as [Buffer])[0]), 'mine')
  assert.equal(existsSync(file), true)
})

async function gatewayHereOn (t: TestContext, unix: string): Promise<GatewayHere> {
  return await gatewayHere(t, gatewayOptions({ server: { unix }, routes: [publicRoute] }))
}
