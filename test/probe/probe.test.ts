import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { presets } from '../../lib/certificate/presets.ts'
import { probe } from '../../lib/probe/probe.ts'
import { exitCodeOf, textOf } from '../../lib/probe/report.ts'
import { optionsFor, owner } from '../guard/protected-app.ts'
import { probedApp, secret } from './probed-app.ts'
import { probeAt, smallFront, verdictsOf } from './small-front.ts'

const trustedProxies = ['127.0.0.1']

test('past the proxy, from an address that is trusted: everything is forged', async (t) => {
  const { port } = await probedApp(t)
  const report = await probeAt(port)
  assert.equal(exitCodeOf([report]), 1)
  const { twice, 'same names, with the verdict': both, 'HTTP/1.0': old, 'absolute target': absolute, trailer, 'space before the colon': space } = verdictsOf(report)
  assert.deepEqual({ twice, both, old, absolute, trailer, space }, { twice: 'refused', both: 'FORGED', old: 'FORGED', absolute: 'FORGED', trailer: 'stopped', space: 'stopped' })
  assert.deepEqual(report.notes.slice(0, -1), [
    'http: sent without TLS and by HTTP/1.1 only',
    'no --cert and --key: only connections without a client certificate were tried'
  ])
  assert.match(report.notes.at(-1) ?? '', /^the client's x-ssl-verify arrived where there is no certificate/)
  assert.match(textOf(report), /what to do: The proxy sets X-SSL-Cert only on some connections, or not at all on this path/)
})

test('from one that is not: nothing, and a doubt, unless that is right', async (t) => {
  const { port } = await probedApp(t, { certificate: { preset: 'nginx', trustedProxies: ['192.0.2.1'] } })
  const report = await probeAt(port)
  assert.equal(exitCodeOf([report]), 2)
  assert.equal(verdictsOf(report)['same name'], 'refused')
  assert.match(textOf(report), /doubt: the plugin does not trust the peer .*trustedProxies/)
  assert.match(textOf(report), /^not everything could be found out: /m)
  const again = await probedApp(t, { certificate: { preset: 'nginx', trustedProxies: ['192.0.2.1'] } })
  const direct = await probeAt(again.port, { isDirect: true })
  assert.equal(exitCodeOf([direct]), 0)
  assert.match(textOf(direct), /note: the plugin does not trust the peer .*, as --direct says it should/)
  assert.match(textOf(report), /certificate_source_untrusted/)
})

test('the names must be those that the application reads', async (t) => {
  const { port } = await probedApp(t)
  const failureOf = async (more: object, path = '/'): Promise<string | null> => (await probeAt(port, more, { path })).failure
  assert.match(await failureOf({ header: 'x-client-cert' }) ?? '', /^the application reads another header than x-client-cert at this path: say with --header/)
  assert.match(await failureOf({ verifyHeader: 'x-verify' }) ?? '', /^the application reads another verify header than x-verify at this path: say with --verify-header/)
  assert.match(await failureOf({}, '/other') ?? '', /^the application reads another header than X-SSL-Cert/)
  assert.equal(exitCodeOf([await probeAt(port, { header: 'x-client-cert' })]), 2)
  const report = await probeAt(port, { header: 'x-other' }, { path: '/other' })
  assert.deepEqual([report.failure, report.verifyHeader], [null, null])
  assert.match(report.notes.join(), /reads no verify header at this path: x-ssl-verify was not tried/)
})

test('a verify header that was not named is found among the presets, or asked for', async (t) => {
  const known = await probedApp(t, { certificate: { preset: 'gcp', trustedProxies } })
  const report = await probeAt(known.port, { header: 'x-client-cert-leaf', format: 'rfc9440', verifyHeader: null, verifyValue: null })
  assert.deepEqual([report.verifyHeader, exitCodeOf([report])], ['x-client-cert-chain-verified', 1])
  assert.match(report.notes.join(), /it was tried with the value true/)
  const unknown = await probedApp(t, { certificate: { preset: 'nginx', verified: { header: 'x-mine', value: 'yes' }, trustedProxies } })
  assert.match((await probeAt(unknown.port, { verifyHeader: null })).failure ?? '', /also reads a verify header at this path, and no preset has its name: say with --verify-header/)
})

test('a verdict of another text is still found to be the client\'s', async (t) => {
  const { port } = await probedApp(t, { certificate: { preset: 'nginx', verified: { header: 'x-ssl-verify', value: 'a text that nobody guesses' }, trustedProxies } })
  assert.equal(verdictsOf(await probeAt(port))['same names, with the verdict'], 'FORGED')
})

test('a list whose first member is the client\'s: forged; with its own first: refused, since nothing is taken', async (t) => {
  for (const [join, expected] of [[(client: string, own: string) => `${client},${own}`, 'FORGED'], [(client: string, own: string) => `${own},${client}`, 'refused']] as const) {
    const { port } = await probedApp(t, { certificate: { preset: 'traefik', trustedProxies } })
    const own = Buffer.from(decodeURIComponent(owner.escaped).replace(/-----.*-----|\s/g, ''), 'base64').toString('base64')
    const front = await smallFront(t, port, (lines) => {
      const sent = lines.filter(([name]) => name.toLowerCase() === 'x-forwarded-tls-client-cert').map(([, value]) => value).join(',')
      const rest = lines.filter(([name]) => name.toLowerCase() !== 'x-forwarded-tls-client-cert')
      return [...rest, ['X-Forwarded-Tls-Client-Cert', sent === '' ? own : join(sent, own)]]
    })
    const target = { header: 'X-Forwarded-Tls-Client-Cert', verifyHeader: null }
    assert.equal(verdictsOf(await probeAt(front, { ...target, format: 'base64-der-list' }))['same name'], expected)
  }
})

test('a list in another format than was said is not called refused', async (t) => {
  const { port } = await probedApp(t, { certificate: { preset: 'traefik', trustedProxies } })
  const front = await smallFront(t, port, (lines) => lines.map(([name, value]) => [name, /^x-forwarded-tls/i.test(name) ? `${value},b3du` : value]))
  const report = await probeAt(front, { header: 'X-Forwarded-Tls-Client-Cert', verifyHeader: null, format: 'hex-der' })
  assert.equal(verdictsOf(report)['same name'], 'unclear')
  assert.equal(exitCodeOf([report]), 2)
  assert.match(textOf(report), /say --format/)
})

test('a front that lets only one header of the probe through: nothing is told apart, and nothing called safe', async (t) => {
  const { port } = await probedApp(t)
  const front = await smallFront(t, port, (lines) => lines.filter(([name]) => name !== 'bound-token-probe-sent'))
  const report = await probeAt(front)
  assert.equal(exitCodeOf([report]), 2)
  assert.match(textOf(report), /the header `bound-token-probe-sent` did not arrive/)
})

test('a front that has had enough in between: not called safe', async (t) => {
  const { port } = await probedApp(t)
  for (const status of [429, 503, 404, 401, 200, 302]) {
    let requests = 0
    const front = await smallFront(t, port, (lines) => ++requests > 3 ? status : lines.filter(([name]) => !/ssl/i.test(name)))
    const report = await probeAt(front)
    assert.equal(exitCodeOf([report]), 2, String(status))
    assert.match(textOf(report), /the echo no longer answered at the end/)
  }
})

test('answers of the front itself to an attack are as good as silence, but not those that an application may give', async (t) => {
  for (const [status, verdict] of [[400, 'stopped'], [403, 'stopped'], [502, 'stopped'], [401, 'unclear'], [404, 'unclear'], [200, 'unclear'], [429, 'unclear']] as const) {
    const { port } = await probedApp(t)
    const front = await smallFront(t, port, (lines) => lines.some(([name]) => /ssl/i.test(name)) ? status : lines)
    assert.equal(verdictsOf(await probeAt(front))['same name'], verdict, String(status))
  }
})

test('a front that keeps everything away', async (t) => {
  const { port } = await probedApp(t)
  const front = await smallFront(t, port, (lines) => lines.filter(([name]) => !/^x.ssl|^client-cert/i.test(name)))
  const report = await probeAt(front, { identity: null })
  assert.deepEqual([...new Set(Object.values(verdictsOf(report)))], ['stopped'])
  assert.equal(exitCodeOf([report]), 0)
  assert.match(textOf(report), /^nothing forged: 24 requests \(24 stopped\)$/m)
})

test('past the proxy by TLS: HTTP/2 as well, or the report says that there is none', async (t) => {
  const pki = await createPki()
  const who = await createClientCertificate('partner', { issuer: pki })
  const https = { key: pki.server.key, cert: pki.server.certificate, requestCert: true, rejectUnauthorized: false }
  for (const [server, states] of [[{ http2: true, https: { ...https, allowHTTP1: true } }, ['probed', 'probed', 'probed', 'probed']], [{ https }, ['probed', 'probed', 'absent', 'absent']]] as const) {
    const { port } = await probedApp(t, {}, server as object)
    const front = { url: new URL(`https://localhost:${port}/`), connectTo: { host: '127.0.0.1', port }, servername: null, ca: pki.ca, timeout: 2000 }
    const report = await probe({ front, secret, identity: who, header: 'x-ssl-cert', format: 'url-pem', verifyHeader: null, verifyValue: null, presets })
    assert.deepEqual(report.lanes.map(({ state }) => state), states)
    for (const { findings } of report.lanes.filter(({ state }) => state === 'probed')) {
      assert.equal(findings.find(({ shape }) => shape === 'same names, with the verdict')?.verdict, 'FORGED')
      assert.equal(findings.find(({ shape }) => shape === 'twice')?.verdict, 'refused')
    }
    assert.match(report.doubts.join(), /the certificate of --cert did not arrive as x-ssl-cert/)
    if (states[2] === 'absent') assert.match(textOf(report), /^HTTP\/2 with certificate: the front speaks no HTTP\/2$/m)
  }
})

test('where Fastify terminates TLS itself there is nothing to forge', async (t) => {
  const pki = await createPki()
  const { port } = await probedApp(t, { certificate: { source: 'tls' } }, { https: { key: pki.server.key, cert: pki.server.certificate, requestCert: true, rejectUnauthorized: false } } as object)
  const front = { url: new URL(`https://localhost:${port}/`), connectTo: { host: '127.0.0.1', port }, servername: null, ca: pki.ca, timeout: 2000 }
  const { failure } = await probe({ front, secret, identity: null, header: 'x-ssl-cert', format: 'url-pem', verifyHeader: null, verifyValue: null, presets })
  assert.match(failure ?? '', /reads no certificate header at this path .*: there is nothing to forge/)
})

test('an application without the option, or with another secret', async (t) => {
  const { port } = await probedApp(t)
  const { failure } = await probeAt(port, { secret: 'another-secret-of-32-characters-x' })
  assert.match(failure ?? '', /^the answer was 401 and not the echo[^]*no option `probe`, or another secret[^]*the run is over/)
})

test('several elements of XFCC: one of them is refused for its number, which a client can mend', async (t) => {
  const { port } = await probedApp(t, { certificate: { preset: 'envoy', xfcc: { elements: 2, client: 'first' }, trustedProxies: ['127.0.0.1'] } })
  const report = await probeAt(port, { header: 'x-forwarded-client-cert', verifyHeader: null, format: 'xfcc' })
  assert.equal(verdictsOf(report)['same name'], 'FORGED')
  assert.equal(exitCodeOf([report]), 1)
})

test('a route with a header of its own, older than the plugin, is judged by that header', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), probe: { secret } })
  app.get('/late', { config: { boundToken: { certificate: { header: 'x-other', format: 'base64-der', trustedProxies: ['127.0.0.1'] } } } }, async () => 'in')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const wrong = await probeAt(port, {}, { path: '/late' })
  assert.match(wrong.failure ?? '', /^the application reads another header than X-SSL-Cert at this path/)
  const right = await probeAt(port, { header: 'x-other', format: 'base64-der', verifyHeader: null }, { path: '/late' })
  assert.equal(verdictsOf(right)['same name'], 'FORGED')
})

test('an answer to another request, or of another application, proves nothing', async (t) => {
  const { port } = await probedApp(t)
  let kept = ''
  const keeping = await smallFront(t, port, (lines) => lines, (body) => {
    if (body.includes('"isToldApart":true')) kept ||= body
    return kept || body
  })
  const replayed = await probeAt(keeping)
  assert.equal(verdictsOf(replayed)['twice'], 'unclear')
  assert.match(textOf(replayed), /the answer was that to another request/)
  const other = await probedApp(t, { certificate: { header: 'x-other', format: 'base64-der', trustedProxies: ['127.0.0.1'] } })
  const first = await probedApp(t)
  let requests = 0
  const changing = await smallFront(t, () => requests++ === 0 ? first.port : other.port, (lines) => lines)
  const changed = await probeAt(changing)
  assert.equal(exitCodeOf([changed]), 2)
  assert.match(textOf(changed), /several applications or routes answer at this address/)
})
