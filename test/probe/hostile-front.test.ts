import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import { test } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { listen } from '../../examples/demo/listen.ts'
import { readAnswer } from '../../lib/probe/answer.ts'
import { readEcho } from '../../lib/probe/echo-schema.ts'
import { exchangeByHttp2, type ProbeRequest } from '../../lib/probe/exchange.ts'
import { exitCodeOf, textOf } from '../../lib/probe/report.ts'
import { probeAt, rawFront } from './small-front.ts'

const endless = 'a'.repeat(70_000)
const fronts: Array<[name: string, answer: string | null, failure: RegExp]> = [
  ['says nothing', null, /no answer within 200 ms/],
  ['begins and stops', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{', /no answer within 200 ms/],
  ['never ends its headers', `HTTP/1.1 200 OK\r\n${`X: ${endless}\r\n`.repeat(5)}`, /longer than 262144 bytes/],
  ['never ends its body', `HTTP/1.1 200 OK\r\n\r\n${endless.repeat(5)}`, /longer than 262144 bytes/],
  ['never ends a chunk', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n${endless.repeat(5)}`, /longer than 262144 bytes/],
  ['is still there', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(12_000), /longer than 262144 bytes/],
  ['speaks another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', /no HTTP\/1\.1/],
  ['answers with a page', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<hi>', /^the answer was 200 and not the echo/],
  ['answers with something like an echo', 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"probe":1}', /^the answer was 200 and not the echo/]
]
for (const [name, answer, failure] of fronts) {
  test(`a front that ${name}: exit code 2, and why`, async (t) => {
    const port = await rawFront(t, (socket) => { if (answer !== null) socket.write(answer) })
    const report = await probeAt(port, {}, { timeout: 200 })
    assert.match(report.failure ?? '', failure)
    assert.equal(exitCodeOf([report]), 2)
  })
}

test('a front that closes, and one that is not there', async (t) => {
  const port = await rawFront(t, (socket) => { socket.destroy() })
  assert.match((await probeAt(port)).failure ?? '', /closed without an answer|ECONNRESET/)
  assert.match((await probeAt(1)).failure ?? '', /^no connection to 127\.0\.0\.1:1 \(ECONNREFUSED\)$/)
})

test('answers are read as they are complete, and not before', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n'
  assert.deepEqual(readAnswer(chunked, false), { status: 200, body: 'abcde' })
  assert.equal(readAnswer(chunked.slice(0, -8), false), null)
  assert.deepEqual(readAnswer(`HTTP/1.1 103 Early Hints\r\n\r\n${chunked}`, false), { status: 200, body: 'abcde' })
  assert.equal(readAnswer('HTTP/1.0 200 OK\r\n\r\nabc', false), null)
  assert.deepEqual(readAnswer('HTTP/1.0 200 OK\r\n\r\nabc', true), { status: 200, body: 'abc' })
  assert.throws(() => readAnswer('', true), /closed without an answer/)
  assert.throws(() => readAnswer('HTTP/1.1 200', true), /no HTTP\/1\.1/)
})

test('what stands in an echo is bounded: no text of a stranger reaches the terminal', () => {
  const good = {
    probe: 1,
    isToldApart: true,
    answers: 'x',
    fields: { certificate: { nameDigest: 'x', lines: [{ holds: 'own', isAlias: true, signs: '__' }] } },
    listedByConnection: [],
    trailers: ['certificate'],
    isPeerTrusted: true,
    plugin: { outcome: 'certificate_ambiguous', detail: 'a text of ours', certificate: null, verdict: null, isAboutLines: true, isForged: false }
  }
  assert.notEqual(readEcho(JSON.stringify(good)), null)
  for (const wrong of [
    { plugin: { ...good.plugin, outcome: '\u001b[2J' } }, { plugin: { ...good.plugin, detail: 'a\u001b[2J' } }, { plugin: { ...good.plugin, detail: 'a'.repeat(201) } },
    { fields: { '\u001b[2J': good.fields.certificate } }, { trailers: ['\u001b[2J'] }, { trailers: Array(21).fill('a') }, { probe: 2 },
    { fields: { certificate: { nameDigest: 'x', lines: [{ holds: 'forged', isAlias: true, signs: '__' }] } } }
  ]) assert.equal(readEcho(JSON.stringify({ ...good, ...wrong })), null, JSON.stringify(wrong))
})

test('HTTP/2: silence, a body without end, and a stream that is reset', async (t) => {
  const pki = await createPki()
  const server = createSecureServer({ key: pki.server.key, cert: pki.server.certificate })
  server.on('sessionError', () => {}).on('stream', (stream, { ':path': path }) => {
    stream.on('error', () => {})
    if (path === '/reset') return stream.close(2)
    if (path !== '/endless') return
    stream.respond({ ':status': 200 })
    const more = (): void => { if (!stream.destroyed) stream.write(endless, () => setImmediate(more)) }
    more()
  })
  const { port, close } = await listen(server)
  t.after(close)
  const request: ProbeRequest = { own: [], lines: [], hasConnection: false, trailers: null, version: '1.1', isAbsolute: false }
  const ask = async (path: string): Promise<unknown> =>
    await exchangeByHttp2({ url: new URL(`https://localhost:${port}${path}`), connectTo: { host: '127.0.0.1', port }, servername: null, ca: pki.ca, timeout: 300 }, null, request)
  await assert.rejects(ask('/silent'), /no answer within 300 ms/)
  await assert.rejects(ask('/endless'), /longer than 262144 bytes/)
  await assert.rejects(ask('/reset'), { code: 'ERR_HTTP2_STREAM_ERROR' })
})

test('the report of a failure names no secret', async () => {
  const report = await probeAt(1)
  assert.doesNotMatch(textOf(report), /c0ffee/)
})
