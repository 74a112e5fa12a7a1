import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, mock, test } from 'node:test'
import { isAdmitted, revocation, type Revocation, type RevocationEvent, type RevocationOptions, type RevocationVerdict } from '../../../lib/certification-path/revocation/index.ts'
import { contentOf, readDer } from '../../../lib/certification-path/der.ts'
import { certificate, client, extendedKeyUsage, extension, generalizedTime, keyUsage, name, now, nul, utcTime, type Issued } from '../pki.ts'
import {
  crl, crlNumber, deltaIndicator, distributionPointName, distributionPoints, errorResponse, middle, nonceExtension, ocspResponse, path, read, reasonCode, responderAccess, revokedStatus, root,
  single, unknown, uri, type CrlFields, type ResponseFields
} from './revocation-pki.ts'
import { eventually } from '../../token/eventually.ts'
import { bytes, oddServer, type OddServer } from './odd-server.ts'

let server: OddServer
let folder: string
let files = 0
const opened: Revocation[] = []
const events: RevocationEvent[] = []

before(async () => {
  server = await oddServer()
  folder = mkdtempSync(join(tmpdir(), 'revocation-'))
})
beforeEach(() => {
  mock.timers.enable({ apis: ['Date'], now })
  server.asked.length = 0
  events.length = 0
})
afterEach(async () => {
  mock.timers.reset()
  await Promise.all(opened.splice(0).map((one) => one.close()))
})
after(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const file = (...ders: readonly Buffer[]): string => {
  const place = join(folder, `${++files}.crl`)
  writeFileSync(place, ders.length === 1 ? ders[0] as Buffer : ders.map((der) => `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`).join('\n'))
  return place
}

function open (options: Partial<RevocationOptions>): Revocation {
  const front = revocation({ mode: 'hard', ...options }, (event) => events.push(event))
  opened.push(front)
  return front
}

function brief (verdict: RevocationVerdict): string {
  if (verdict.status === 'good') return `good until ${verdict.goodUntil.toISOString().slice(0, 19)}`
  return `${verdict.status} ${verdict.certificate}: ${verdict.status === 'revoked' ? verdict.by : verdict.why}`
}

const check = async (options: Partial<RevocationOptions>, certificates = path): Promise<string> => brief(await open(options).check(certificates, new Date()))

const ofRoot = (fields: CrlFields = {}): Buffer => crl({ signer: root, ...fields })
const network = (): Partial<RevocationOptions> => ({ allowedHosts: [server.host], allowPrivateAddresses: true, timeout: 10_000 })
/** A client whose certificate says where to ask. */
const placed = (crls: readonly string[] = [`${server.url}/middle.crl`], responders: readonly string[] = [`${server.url}/ocsp`]): Issued => client(middle, {
  serial: 0x2001,
  extensions: [distributionPoints(...crls.map((url) => [distributionPointName(uri(url))])), responderAccess(...responders)]
})
const pathOf = (leaf: Issued) => [read(leaf), ...path.slice(1)]
const answering = (fields: ResponseFields = {}): void => { server.answer = bytes(ocspResponse(fields)) }
const rootFile = (): { crls: string[] } => ({ crls: [file(ofRoot())] })

test('320, C41: files: a revoked client is refused in both modes', async () => {
  for (const mode of ['soft', 'hard'] as const) {
    const verdict = await open({ mode, crls: [file(crl({ revoked: [{ serial: 0x2001 }] })), file(ofRoot())] }).check(path, now)
    assert.deepEqual(verdict, { status: 'revoked', certificate: 0, by: 'crl' })
    assert.ok(!isAdmitted(verdict, mode))
  }
})

test('321, C41: files: so is the client of a revoked intermediate, also where nothing is known about the client itself', async () => {
  assert.equal(await check({ crls: [file(ofRoot({ revoked: [{ serial: 0x1001 }] })), file(crl())] }), 'revoked 1: crl')
  assert.equal(await check({ crls: [file(ofRoot({ revoked: [{ serial: 0x1001 }] }))] }), 'revoked 1: crl')
})

test('a path is good until the first of the lists ends; several lists may be in one file', async () => {
  assert.equal(await check({ crls: [file(crl(), ofRoot({ nextUpdate: utcTime('260620000000') }))] }), 'good until 2026-06-20T00:00:00')
})

test('326: a missing CRL: hard refuses, soft admits, and both are told', async () => {
  const verdict = await open({ mode: 'soft', ...rootFile() }).check(path, now)
  assert.deepEqual(verdict, { status: 'undetermined', certificate: 0, why: 'no CRL of the issuer', retryAt: new Date(now.getTime() + 5000) })
  assert.deepEqual([isAdmitted(verdict, 'soft'), isAdmitted(verdict, 'hard')], [true, false])
  assert.deepEqual(events, [{ type: 'undetermined', mode: 'soft', certificate: 0, why: 'no CRL of the issuer', times: 1 }])
})

test('the warning comes once in ten seconds, with the number of those it stands for; all are counted', async () => {
  const front = open({ mode: 'soft', ...rootFile() })
  for (let i = 0; i < 5; i++) await front.check(path, new Date())
  mock.timers.tick(10_000)
  await front.check(path, new Date())
  assert.deepEqual(events.map((event) => event.type === 'undetermined' && event.times), [1, 5])
  assert.deepEqual(front.stats(), { good: 0, revoked: 0, undetermined: 6 })
})

test('325, C41: files: a list that is out of date is none', async () => {
  assert.equal(await check({ crls: [file(crl({ nextUpdate: utcTime('260610000000') })), file(ofRoot())] }), 'undetermined 0: after nextUpdate')
})

test('327, 328: files: a delta CRL beside its base', async () => {
  const delta = crl({ extensions: [crlNumber(8), deltaIndicator(7)], revoked: [{ serial: 0x2001, extensions: [reasonCode(4)] }] })
  const removing = crl({ extensions: [crlNumber(8), deltaIndicator(7)], revoked: [{ serial: 0x2001, extensions: [reasonCode(8)] }] })
  const held = crl({ revoked: [{ serial: 0x2001, extensions: [reasonCode(6)] }] })
  assert.equal(await check({ crls: [file(crl(), delta, ofRoot())] }), 'revoked 0: crl')
  assert.equal(await check({ crls: [file(held), file(removing), file(ofRoot())] }), 'good until 2026-06-22T00:00:00')
  assert.equal(await check({ crls: [file(delta, ofRoot())] }), 'undetermined 0: no CRL of the issuer')
})

test('329: only the issuer in this very path signs: the same name below another anchor does not', async () => {
  const stranger = certificate({ subject: name('CN=middle'), extensions: [keyUsage(5, 6)] })
  assert.equal(await check({ crls: [file(crl({ signer: stranger, revoked: [{ serial: 0x2001 }] })), file(ofRoot())] }), 'undetermined 0: the signature is not usable: invalid')
})

test('the anchor is not looked at, and a path of the anchor alone is good', async () => {
  assert.match(await check({ crls: [file(ofRoot({ revoked: [{ serial: 0x1001 }] }))] }, [path[2] as typeof path[0]]), /^good until/)
  assert.match(await check({ crls: [file(crl())] }, path.slice(0, 2)), /^good until/)
})

test('338: points in certificates are asked only where that is switched on and the host allowed', async () => {
  server.answer = bytes(crl())
  const leaf = pathOf(placed())
  assert.equal(await check({ ...network(), ...rootFile() }, leaf), 'undetermined 0: no CRL of the issuer')
  assert.equal(await check({ ...network(), ...rootFile(), fetchCrls: true, ocsp: { fromCertificates: true }, allowedHosts: ['crl.example'] }, leaf), 'undetermined 0: no distribution point that may be asked')
  assert.equal(await check({ ...network(), ...rootFile(), fetchCrls: true, allowPrivateAddresses: false }, leaf), 'undetermined 0: a private address')
  assert.equal(server.asked.length, 0)
  assert.equal(await check({ ...network(), ...rootFile(), fetchCrls: true }, leaf), 'good until 2026-06-22T00:00:00')
  assert.deepEqual(server.asked.map(({ method, path }) => `${method} ${path}`), ['GET /middle.crl'])
})

test('320, 338: a list that is fetched revokes, and is fetched once for all', async () => {
  server.answer = bytes(crl({ revoked: [{ serial: 0x2001 }] }))
  const front = open({ ...network(), ...rootFile(), fetchCrls: true })
  const leaf = pathOf(placed())
  const other = [read(client(middle, { serial: 0x2002, extensions: [distributionPoints([distributionPointName(uri(`${server.url}/middle.crl`))])] })), ...path.slice(1)]
  const verdicts = await Promise.all([...Array.from({ length: 20 }, () => front.check(leaf, new Date())), front.check(other, new Date())])
  assert.deepEqual([...new Set(verdicts.map(brief))], ['revoked 0: crl', 'good until 2026-06-22T00:00:00'])
  assert.equal(server.asked.length, 1)
})

test('the next distribution point is asked where one fails', async () => {
  server.answer = (response, request) => request.url === '/1' ? response.writeHead(500).end() : bytes(crl())(response)
  assert.match(await check({ ...network(), ...rootFile(), fetchCrls: true }, pathOf(placed(['ldap://x/', `${server.url}/1`, `${server.url}/2`]))), /^good/)
  assert.deepEqual(events, [{ type: 'source_failed', by: 'crl', host: server.host, why: 'the answer has the status 500' }])
})

test('C41: what is fetched and cannot be used is not kept: nobody on the way can put a list there for years', async () => {
  const front = open({ ...network(), ...rootFile(), fetchCrls: true })
  const leaf = pathOf(placed())
  const bad: ReadonlyArray<readonly [Buffer, RegExp]> = [
    [crl({ signer: { ...middle, keys: root.keys }, nextUpdate: generalizedTime('20990101000000') }), /the signature is not usable: invalid/],
    [ofRoot(), /a CRL of another issuer/],
    [crl({ nextUpdate: utcTime('260610000000') }), /after nextUpdate/],
    [crl({ extensions: [crlNumber(8), deltaIndicator(7)] }), /a delta CRL/],
    [crl({ extensions: [extension('1.2.3.4', nul, true)] }), /critical extension/],
    [Buffer.from('<html>'), /not a CRL/]
  ]
  for (const [body, why] of bad) {
    server.answer = bytes(body)
    assert.match(brief(await front.check(leaf, new Date())), why)
    mock.timers.tick(60_000)
  }
  server.answer = bytes(crl())
  assert.match(brief(await front.check(leaf, new Date())), /^good/)
})

test('a list is renewed before it ends, and an older one does not take its place', async () => {
  const front = open({ ...network(), crls: [file(ofRoot({ nextUpdate: utcTime('270101000000') }))], fetchCrls: true })
  const leaf = pathOf(placed())
  server.answer = bytes(crl({ revoked: [{ serial: 0x2001 }], thisUpdate: utcTime('260610000000') }))
  assert.match(brief(await front.check(leaf, new Date())), /^revoked/)
  mock.timers.setTime(Date.parse('2026-06-21T00:00:00Z'))
  server.answer = bytes(crl({ nextUpdate: utcTime('260701000000') }))
  assert.match(brief(await front.check(leaf, new Date())), /^revoked/, 'the old one serves meanwhile')
  await eventually('it is told', () => events.length > 0)
  assert.deepEqual(events, [{ type: 'source_failed', by: 'crl', host: server.host, why: 'an older CRL than the one at hand' }])
  assert.match(brief(await front.check(leaf, new Date())), /^revoked/)
})

test('320, 330, C41: a responder that is configured is asked about each certificate', async () => {
  const about = { 8193: ocspResponse({ singles: [single({ status: revokedStatus() })] }), 4097: ocspResponse({ signer: root, singles: [single({ issuer: root, serial: 0x1001 })] }) }
  server.answer = (response) => bytes(server.asked.at(-1)?.body.includes(Buffer.from('02022001', 'hex')) === true ? about[8193] : about[4097])(response)
  const front = open({ ocsp: { url: `${server.url}/ocsp` }, timeout: 10_000 })
  assert.equal(brief(await front.check(path, new Date())), 'revoked 0: ocsp')
  assert.deepEqual(server.asked.map(({ method, path }) => `${method} ${path}`), ['POST /ocsp', 'POST /ocsp'])
  await front.check(path, new Date())
  assert.equal(server.asked.length, 2, 'kept')
})

test('334: an answer is good until its end, also for a moment that is not now', async () => {
  answering()
  const front = open({ ...rootFile(), ocsp: { url: server.url } })
  assert.match(brief(await front.check(path, new Date())), /^good/)
  assert.equal(brief(await front.check(path, new Date('2026-06-16T00:01:00.001Z'))), 'undetermined 0: the answer is out of date')
})

test('a responder can be configured for one issuer', async () => {
  answering()
  const fingerprint = createHash('sha256').update(middle.der).digest('hex').toUpperCase().replace(/(..)(?!$)/g, '$1:')
  assert.match(await check({ ...rootFile(), ocsp: { url: { [fingerprint]: server.url } } }), /^good until 2026-06-16T00:01:00/)
  assert.equal(server.asked.length, 1)
})

test('338: a responder that the certificate names is asked where its host is allowed', async () => {
  answering()
  const leaf = pathOf(placed())
  assert.match(await check({ ...network(), ...rootFile(), ocsp: { fromCertificates: true } }, leaf), /^good/)
  assert.equal(await check({ ...network(), ...rootFile(), ocsp: { fromCertificates: true }, allowPrivateAddresses: false }, leaf), 'undetermined 0: a private address')
  assert.equal(server.asked.length, 1)
})

test('of a client the responder is asked first, of an intermediate the list', async () => {
  server.answer = (response, request) => bytes(request.method === 'POST' ? ocspResponse() : crl())(response)
  await check({ ...network(), crls: [file(ofRoot())], fetchCrls: true, ocsp: { fromCertificates: true } }, pathOf(placed()))
  assert.deepEqual(server.asked.map(({ method }) => method), ['POST'])
  assert.equal(await check({ ...network(), ocsp: { url: server.url }, crls: [file(crl({ revoked: [{ serial: 0x2001 }] }), ofRoot())] }), 'revoked 0: crl', 'a list at hand that revokes wins')
  assert.equal(server.asked.length, 1)
})

test('the list decides where the responder does not, and the other way round', async () => {
  server.answer = (response, request) => bytes(request.method === 'POST' ? errorResponse(3) : crl())(response)
  assert.match(await check({ ...network(), ...rootFile(), fetchCrls: true, ocsp: { fromCertificates: true } }, pathOf(placed())), /^good until 2026-06-22/)
  server.answer = bytes(ocspResponse({ signer: root, singles: [single({ issuer: root, serial: 0x1001 })] }))
  assert.equal(await check({ crls: [file(crl())], ocsp: { url: server.url } }), 'good until 2026-06-16T00:01:00')
})

test('337: unknown, an error, garbage, no answer: no status, and the source is left alone for a while', async () => {
  const cases: ReadonlyArray<readonly [OddServer['answer'], string]> = [
    [bytes(ocspResponse({ singles: [single({ status: unknown })] })), 'the responder does not know the certificate'],
    [bytes(errorResponse(3)), 'the responder answered tryLater'],
    [bytes(errorResponse(6)), 'the responder answered unauthorized'],
    [bytes(Buffer.from('garbage')), 'not an OCSP response: a value is cut off'],
    [bytes(Buffer.alloc(70_000)), 'the answer is too long'],
    [(response) => response.writeHead(302, { location: '/else' }).end(), 'the answer has the status 302'],
    [(response) => response.destroy(), 'the connection failed (UND_ERR_SOCKET)'],
    [() => {}, 'no complete answer in time']
  ]
  for (const [answer, why] of cases) {
    server.asked.length = 0
    server.answer = answer
    const front = open({ ...rootFile(), ocsp: { url: server.url }, timeout: why.includes('in time') ? 50 : 10_000 })
    const verdicts = [await front.check(path, new Date()), await front.check(path, new Date())]
    for (const verdict of verdicts) assert.deepEqual(verdict, { status: 'undetermined', certificate: 0, why, retryAt: new Date(now.getTime() + 5000) })
    assert.equal(server.asked.length, 1, why)
  }
})

test('339: where a nonce is required it is sent, fresh for each question, and has to come back', async () => {
  const seen = new Set<string>()
  const nonceOf = (): Uint8Array => {
    const request = readDer(server.asked.at(-1)?.body as Buffer)
    const list = request.children[0]?.children[1]?.children[0]?.children[0]?.children[1]
    return contentOf(readDer(contentOf(list as NonNullable<typeof list>)))
  }
  server.answer = (response) => {
    const nonce = nonceOf()
    seen.add(Buffer.from(nonce).toString('hex'))
    assert.equal(nonce.length, 32)
    bytes(ocspResponse({ extensions: [nonceExtension(nonce)] }))(response)
  }
  const options = { ...rootFile(), ocsp: { url: server.url, requireNonce: true } }
  assert.match(await check(options), /^good/)
  assert.match(await check(options), /^good/)
  assert.equal(seen.size, 2)
  answering()
  assert.equal(await check(options), 'undetermined 0: no nonce in the answer')
  answering({ extensions: [nonceExtension(Buffer.alloc(32))] })
  assert.equal(await check(options), 'undetermined 0: another nonce in the answer')
})

test('what a responder revoked stays revoked when it is out of reach; what is on hold does not', async () => {
  for (const [reason, then] of [[1, 'revoked 0: ocsp'], [6, 'undetermined 0: the answer has the status 500']] as const) {
    answering({ singles: [single({ status: revokedStatus(reason) })] })
    const front = open({ ...rootFile(), ocsp: { url: server.url } })
    assert.equal(brief(await front.check(path, new Date())), 'revoked 0: ocsp')
    server.answer = (response) => response.writeHead(500).end()
    mock.timers.setTime(Date.parse('2026-06-16T00:01:01Z'))
    assert.equal(brief(await front.check(path, new Date())), then)
    mock.timers.setTime(now.getTime())
  }
})

test('an answer that is older than the one at hand does not take its place', async () => {
  answering({ singles: [single({ thisUpdate: generalizedTime('20260615060000'), status: revokedStatus(6) })] })
  const front = open({ ...rootFile(), ocsp: { url: server.url } })
  await front.check(path, new Date())
  mock.timers.setTime(Date.parse('2026-06-15T23:00:00Z'))
  answering({ singles: [single({ nextUpdate: generalizedTime('20260620000000') })] })
  await front.check(path, new Date())
  await eventually('it is told', () => events.length > 0)
  assert.deepEqual(events, [{ type: 'source_failed', by: 'ocsp', host: server.host, why: 'an older answer than the one at hand' }])
  assert.equal(brief(await front.check(path, new Date())), 'revoked 0: ocsp')
})

test('332: a responder whose own certificate a list revokes is not believed, unless that is not to be looked at', async () => {
  for (const extensions of [[], [extension('1.3.6.1.5.5.7.48.1.5', nul)]]) {
    events.length = 0
    const delegate = certificate({ subject: name('CN=responder'), serial: 0x3001, issuer: middle, extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.9'), ...extensions] })
    answering({ signer: delegate, certs: [delegate], singles: [single({ status: revokedStatus() })] })
    const verdict = await check({ crls: [file(crl({ revoked: [{ serial: 0x3001 }] }), ofRoot())], ocsp: { url: server.url } })
    assert.equal(verdict, extensions.length === 0 ? 'good until 2026-06-22T00:00:00' : 'revoked 0: ocsp', 'the list alone says that the client is good')
    const whys = events.map((event) => event.type === 'source_failed' ? event.why : event.type)
    assert.deepEqual(whys, extensions.length === 0 ? ['the certificate of the responder is revoked'] : [])
  }
})

test('C26: a file that is missing or no CRL stops the boot; so do options that could never determine anything', () => {
  const wrong: ReadonlyArray<readonly [Partial<RevocationOptions>, RegExp]> = [
    [{ crls: [join(folder, 'none')] }, /^TypeError: crls: .*none: it cannot be read \(ENOENT\)$/],
    [{ crls: [file(Buffer.from('x'))] }, /crls: .*: a value is cut off/],
    [{ crls: [file(Buffer.from('-----BEGIN X509 CRL-----\nAAAA'))] }, /without its end/],
    [{}, /no source/],
    [{ crls: [] }, /no source/],
    [{ ocsp: {} }, /ocsp: neither url nor fromCertificates/],
    [{ ocsp: { url: 'ldap://x' } }, /ocsp\.url: not an http or https URL/],
    [{ ocsp: { url: 'http://a:b@x/' } }, /ocsp\.url: not an http or https URL without credentials/],
    [{ ocsp: { url: { abc: 'http://x/' } } }, /not a SHA-256 fingerprint/],
    [{ fetchCrls: true }, /allowedHosts: there is none/],
    [{ ocsp: { fromCertificates: true } }, /allowedHosts: there is none/],
    [{ ...rootFile(), mode: 'off' as 'soft' }, /mode: neither soft nor hard/],
    [{ ...rootFile(), timeout: 0 }, /timeout: not a number from 1 to 60000/],
    [{ ...rootFile(), maxCrlBytes: 1e9 }, /maxCrlBytes/]
  ]
  for (const [options, message] of wrong) assert.throws(() => open(options), message)
})

test('a listener that throws decides on nobody', async () => {
  const front = revocation({ mode: 'soft', ...rootFile() }, () => { throw new Error('x') })
  opened.push(front)
  assert.equal((await front.check(path, now)).status, 'undetermined')
})

test('closed: nobody is asked any more, and whoever waits has an answer', async () => {
  const leaf = pathOf(placed())
  let asked = (): void => {}
  const began = new Promise<void>((resolve) => { asked = resolve })
  server.answer = () => asked()
  const front = open({ ...network(), ...rootFile(), fetchCrls: true })
  const waiting = front.check(leaf, new Date())
  await began
  await front.close()
  assert.match(brief(await waiting), /^undetermined 0: the connection failed/)
  assert.equal(brief(await front.check(leaf, new Date())), 'undetermined 0: closed')
  assert.equal(server.asked.length, 1)
})
