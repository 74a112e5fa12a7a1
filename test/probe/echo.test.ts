import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { echoOf } from '../../lib/probe/echo.ts'
import type { Line } from '../../lib/probe/echo-schema.ts'
import { digestOf, digestOfName, writeSent } from '../../lib/probe/wire.ts'
import { owner } from '../guard/protected-app.ts'
import { probedApp, secret } from './probed-app.ts'

const open = ['bound-token-probe', secret] as const
const marker = 'MarkerMarkerMarkerMarker'
const value = `a${marker}b`
const sent = ['Bound-Token-Probe-Sent', writeSent({ marker, value: digestOf(value), thumbprint: owner.thumbprint, verdict: digestOf('SUCCESS') })] as const
const line = (holds: Line['holds'], signs = '--', isAlias = false): Line => ({ holds, isAlias, signs })

test('nothing but the secret: the names as digests, nothing arrived', async (t) => {
  const { ask } = await probedApp(t)
  assert.deepEqual((await ask([open])).echo, {
    probe: 1,
    isToldApart: false,
    answers: null,
    fields: {
      certificate: { nameDigest: digestOfName('X-SSL-Cert'), lines: [] },
      verdict: { nameDigest: digestOfName('x-ssl-verify'), lines: [] }
    },
    listedByConnection: [],
    trailers: [],
    isPeerTrusted: true,
    plugin: { outcome: 'certificate_missing', detail: null, certificate: null, verdict: null, isAboutLines: false, isForged: false }
  })
})

const shapes: Array<[name: string, lines: Array<readonly [string, string]>, certificate: Line[], outcome: string]> = [
  ['the value of the probe', [['X-SSL-Cert', value]], [line('own')], 'certificate_unverified'],
  ['in another case', [['x-SSL-CERT', value]], [line('own')], 'certificate_unverified'],
  ['with the verdict', [['X-SSL-Cert', value], ['X-SSL-Verify', 'SUCCESS']], [line('own')], 'certificate_malformed'],
  ['twice', [['X-SSL-Cert', value], ['X-SSL-Cert', value]], [line('own'), line('own')], 'certificate_ambiguous'],
  ['beside the proxy\'s own', [['X-SSL-Cert', value], ['X-SSL-Cert', 'theirs']], [line('own'), line('other')], 'certificate_ambiguous'],
  ['joined with itself', [['X-SSL-Cert', `${value}, ${value}`], ['X-SSL-Verify', 'SUCCESS']], [line('own')], 'certificate_ambiguous'],
  ['joined with the proxy\'s own', [['X-SSL-Cert', `${value}, theirs`], ['X-SSL-Verify', 'SUCCESS']], [line('both')], 'certificate_ambiguous'],
  ['under an alias', [['X_SSL.Cert', value]], [line('own', '_.', true)], 'certificate_ambiguous'],
  ['an empty one', [['X-SSL-Cert', '']], [line('empty')], 'certificate_placeholder'],
  ['a placeholder', [['X-SSL-Cert', '(null)']], [line('placeholder')], 'certificate_placeholder'],
  ['that of the proxy', [['X-SSL-Cert', 'theirs'], ['X-SSL-Verify', 'NONE']], [line('other')], 'certificate_unverified']
]
for (const [name, lines, certificate, outcome] of shapes) {
  test(`what arrived: ${name}`, async (t) => {
    const { ask } = await probedApp(t)
    const { echo } = await ask([open, sent, ...lines])
    assert.deepEqual(echo?.fields['certificate']?.lines, certificate)
    assert.equal(echo.plugin.outcome, outcome)
  })
}

test('a certificate that the plugin would take: the one of the probe, or another', async (t) => {
  const { ask } = await probedApp(t)
  const lines = [['X-SSL-Cert', owner.escaped], ['X-SSL-Verify', 'SUCCESS']] as const
  const forged = await ask([open, sent, ...lines])
  assert.deepEqual(forged.echo?.plugin, { outcome: 'read', detail: null, certificate: 'other', verdict: 'same', isAboutLines: false, isForged: true })
  assert.equal((await ask([open, ...lines])).echo?.plugin.isForged, false)
})

test('the verdict of the probe: a marker is its own, a good one may be the proxy\'s as well', async (t) => {
  const { ask } = await probedApp(t)
  const holds = async (verdict: string, expected: string): Promise<string | undefined> =>
    (await ask([open, ['Bound-Token-Probe-Sent', writeSent({ marker, value: null, thumbprint: null, verdict: digestOf(expected) })], ['X-SSL-Verify', verdict]])).echo?.fields['verdict']?.lines[0]?.holds
  assert.equal(await holds(marker, marker), 'own')
  assert.equal(await holds('SUCCESS', 'SUCCESS'), 'same')
  assert.equal(await holds('SUCCESS', marker), 'other')
  assert.equal(await holds(`${marker}, NONE`, marker), 'both')
})

test('what `Connection` lists, and what comes as a trailer', async (t) => {
  const { ask, askRaw } = await probedApp(t)
  const listing = (await ask([open, ['Connection', 'X-SSL-Verify, x_ssl_cert, other']])).echo
  assert.deepEqual(listing?.listedByConnection, ['certificate', 'verdict'])
  assert.equal(listing.plugin.outcome, 'certificate_ambiguous')
  const chunked = 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\nX-SSL-Cert: theirs\r\n\r\n'
  for (const path of ['GET /', 'POST /']) {
    const { echo } = await askRaw(`${path} HTTP/1.1\r\nHost: a\r\nbound-token-probe: ${secret}\r\n${chunked}`)
    assert.deepEqual([echo?.trailers, echo?.fields['certificate']?.lines, echo?.plugin.outcome], [['certificate'], [], 'certificate_missing'])
  }
})

test('a body without end is not waited for', async (t) => {
  const { askRaw } = await probedApp(t)
  const before = performance.now()
  const { echo } = await askRaw(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nbound-token-probe: ${secret}\r\nContent-Length: 10000000\r\n\r\n${'a'.repeat(200_000)}`)
  assert.equal(echo?.plugin.outcome, 'certificate_missing')
  assert.ok(performance.now() - before < 4000, 'its length ends the waiting, not the time')
})

test('nor is one that stops', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const message = Object.assign(new PassThrough(), { rawHeaders: ['Host', 'a'], rawTrailers: [], socket: { remoteAddress: '127.0.0.1' } as Socket })
  message.write('a')
  const answered = echoOf(message, compileCertificateSource({ preset: 'nginx', trustedProxies: ['127.0.0.1'] }, 'certificate'), null)
  t.mock.timers.tick(5000)
  assert.equal((await answered).plugin.outcome, 'certificate_missing')
})

test('every path: guarded, public, report mode, without binding, unknown, another method; no handler runs, and a schema leaves nothing out', async (t) => {
  const { ask, askRaw } = await probedApp(t)
  for (const path of ['/', '/public', '/report', '/unbound', '/nowhere', '/a%2fb']) {
    const { echo, body } = await ask([open, sent, ['X-SSL-Cert', value]], path)
    assert.deepEqual(echo?.fields['certificate']?.lines, [line('own')], `${path}: ${body}`)
    assert.equal(echo.plugin.outcome, 'certificate_unverified')
  }
  assert.notEqual((await askRaw(`DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nbound-token-probe: ${secret}\r\n\r\n`)).echo, null)
})

test('a route with a source of its own is judged by that', async (t) => {
  const { ask } = await probedApp(t)
  const { echo } = await ask([open, sent, ['X-Other', value]], '/other')
  assert.deepEqual(echo?.fields, { certificate: { nameDigest: digestOfName('x-other'), lines: [line('own', '-')] } })
  assert.equal(echo.plugin.outcome, 'certificate_malformed')
})

test('a peer that is not trusted', async (t) => {
  const { ask } = await probedApp(t, { certificate: { preset: 'nginx', trustedProxies: ['192.0.2.1'] } })
  assert.equal((await ask([open])).echo?.isPeerTrusted, false)
  assert.equal((await ask([open, sent, ['X-SSL-Cert', value]])).echo?.plugin.outcome, 'certificate_source_untrusted')
})

test('what was sent is not believed unless it is what a probe writes', async (t) => {
  const { ask } = await probedApp(t)
  for (const wrong of ['', marker, `${sent[1]} `.repeat(2), 'short - - -', '<script> - - -']) {
    const { echo } = await ask([open, ['bound-token-probe-sent', wrong], ['X-SSL-Cert', value]])
    assert.deepEqual([echo?.isToldApart, echo?.fields['certificate']?.lines[0]?.holds], [false, 'other'], wrong)
  }
})

test('neither the answer nor the log holds the value of a header or its name', async (t) => {
  const name = 'sec-client-x509-cert-aiDoh3thoo5ahgh2Ohpheiz7Cuu4ohth'
  const { ask, askRaw, logged } = await probedApp(t, { certificate: { header: name, secretName: {}, format: 'url-pem', verified: { header: 'x-ssl-verify', value: 'the-good-verdict' }, trustedProxies: ['127.0.0.1'] } })
  const bodies: string[] = []
  const lines: Array<Array<readonly [string, string]>> = [
    [[name, value]], [[name, owner.escaped], ['x-ssl-verify', 'the-good-verdict']], [[name, owner.escaped], ['x-ssl-verify', 'the-bad-verdict']],
    [[name.replaceAll('-', '_'), value]], [[name, value], [name, value]], [['Connection', name]], [['cookie', 'a-cookie'], ['authorization', 'Bearer a-token']]
  ]
  for (const each of lines) {
    for (const path of ['/', '/public', '/nowhere']) {
      const { body, echo } = await ask([open, sent, ...each], path)
      assert.notEqual(echo, null)
      bodies.push(body)
    }
  }
  bodies.push((await askRaw(`GET / HTTP/1.1\r\nHost: a\r\nbound-token-probe: ${secret}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n${name}: a-trailer\r\n\r\n`)).body)
  bodies.push((await ask([['bound-token-probe', `${secret}x`]])).body)
  const all = [...bodies, ...logged].join('\n').toLowerCase()
  assert.match(all, /the probe was opened/)
  for (const kept of [secret, marker, name, name.replaceAll('-', '_'), 'the-good-verdict', 'the-bad-verdict', 'a-cookie', 'a-token', 'a-trailer', owner.thumbprint, owner.escaped.slice(60, 100)]) {
    assert.ok(!all.includes(kept.toLowerCase()), kept)
  }
})
