import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import type { LookupFunction } from 'node:net'
import { after, afterEach, before, test } from 'node:test'
import { publicLookup } from '../../../lib/certification-path/revocation/address.ts'
import { downloader, type Downloader, type DownloadOptions } from '../../../lib/certification-path/revocation/download.ts'
import { bytes, oddServer, type OddServer } from './odd-server.ts'

let server: OddServer
const opened: Downloader[] = []
before(async () => { server = await oddServer() })
afterEach(async () => { await Promise.all(opened.splice(0).map((one) => one.close())) })
after(() => server.close())

const loopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

function open (options: Partial<DownloadOptions> = {}): Downloader {
  const one = downloader({ timeout: 10_000, allowPrivateAddresses: true, ...options })
  opened.push(one)
  return one
}

async function ask (path = '/', options: Partial<DownloadOptions> = {}, call: { mostBytes?: number, body?: Uint8Array, isConfigured?: boolean } = {}): Promise<string> {
  const answer = await open(options).download(new URL(path, server.url), { mostBytes: 100, isConfigured: false, ...call })
  return 'why' in answer ? answer.why : answer.body.toString()
}

test('338: what is there is fetched by GET, an OCSP request is sent by POST', async () => {
  server.answer = (response, request) => bytes(Buffer.from(`${request.method} ${request.headers['content-type']} ${request.headers['accept-encoding']}`))(response)
  assert.equal(await ask(), 'GET undefined identity')
  assert.equal(await ask('/', {}, { body: Buffer.from('question') }), 'POST application/ocsp-request identity')
  assert.equal(server.asked.at(-1)?.body.toString(), 'question')
})

test('338: only the status 200 is an answer, and no redirect is followed', async () => {
  const before = server.asked.length
  for (const status of [301, 302, 303, 307, 308, 204, 206, 304, 400, 404, 429, 500, 503]) {
    server.answer = (response) => response.writeHead(status, { location: `${server.url}/else` }).end()
    assert.equal(await ask(), `the answer has the status ${status}`)
  }
  assert.equal(server.asked.length, before + 13)
})

test('338: what is too long is not read, whether it says so or not', async () => {
  server.answer = bytes(Buffer.alloc(100, 97))
  assert.equal(await ask(), 'a'.repeat(100))
  server.answer = bytes(Buffer.alloc(101))
  assert.equal(await ask(), 'the answer is too long')
  let closed: Promise<unknown> = Promise.resolve()
  server.answer = (response) => {
    closed = new Promise((resolve) => response.on('close', resolve))
    // By way of the event loop: a write that fails at once must not go on for ever in front of the end of the connection.
    const more = (): void => { if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more)) }
    response.writeHead(200)
    more()
  }
  assert.equal(await ask(), 'the answer is too long')
  await closed
})

test('338: what is packed is refused', async () => {
  server.answer = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10)))
  assert.equal(await ask(), 'the answer is packed')
})

test('338: who does not answer in time, or only drop by drop, is not waited for', async () => {
  server.answer = () => {}
  assert.equal(await ask('/', { timeout: 30 }), 'no complete answer in time')
  server.answer = (response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('a'), 5)
    response.on('close', () => clearInterval(timer))
  }
  assert.equal(await ask('/', { timeout: 30 }), 'no complete answer in time')
})

test('a connection that fails tells its code, and nothing from the wire', async () => {
  server.answer = (response) => response.destroy()
  assert.match(await ask(), /^the connection failed \((UND_ERR_SOCKET|ECONNRESET)\)$/)
  const nobody = await oddServer()
  await nobody.close()
  assert.equal(await ask(nobody.url), 'the connection failed (ECONNREFUSED)')
  server.answer = (response) => { response.socket?.end('nonsense\r\n\r\n') }
  assert.match(await ask(), /^the connection failed( \([A-Z_]+\))?$/)
})

test('338: a private address is not connected to, whether it is written or resolved', async () => {
  const asked = server.asked.length
  server.answer = bytes(Buffer.from('yes'))
  const named = `http://crl.example:${server.port}/`
  assert.equal(await ask('/', { allowPrivateAddresses: false }), 'a private address')
  assert.equal(await ask(`http://[::1]:${server.port}/`, { allowPrivateAddresses: false }), 'a private address')
  assert.equal(await ask(`http://[::ffff:7f00:1]:${server.port}/`, { allowPrivateAddresses: false }), 'a private address')
  assert.equal(await ask(`http://2130706433:${server.port}/`, { allowPrivateAddresses: false }), 'a private address')
  assert.equal(await ask(`http://localhost:${server.port}/`, { allowPrivateAddresses: false }), 'a private address')
  assert.equal(await ask(named, { allowPrivateAddresses: false, lookup: loopback }), 'a private address')
  assert.equal(server.asked.length, asked)
  assert.equal(await ask(named, { lookup: loopback }), 'yes', 'where it is allowed')
  assert.equal(await ask(named, { allowPrivateAddresses: false, lookup: loopback }, { isConfigured: true }), 'yes', 'or the operator himself named it')
})

test('338: a name that changes its address after a look at it gains nothing', async () => {
  const asked = server.asked.length
  let looks = 0
  const rebinding: LookupFunction = (_hostname, options, callback) => {
    const address = ++looks === 1 ? '1.1.1.1' : '127.0.0.1'
    if (options.all === true) callback(null, [{ address, family: 4 }])
    else callback(null, address, 4)
  }
  const first = await new Promise((resolve) => publicLookup(rebinding)('crl.example', {}, (error, address) => resolve(error ?? address)))
  assert.equal(first, '1.1.1.1')
  assert.equal(await ask(`http://crl.example:${server.port}/`, { allowPrivateAddresses: false, lookup: rebinding }), 'a private address')
  assert.equal(looks, 2, 'it is the look of the connection itself that counts')
  assert.equal(server.asked.length, asked)
})

test('closing ends what is under way', async () => {
  server.answer = () => {}
  const one = open()
  const answer = one.download(new URL(server.url), { mostBytes: 1, isConfigured: true })
  await one.close()
  assert.match(JSON.stringify(await answer), /the connection failed/)
  assert.match(JSON.stringify(await one.download(new URL(server.url), { mostBytes: 1, isConfigured: true })), /the connection failed/)
})
