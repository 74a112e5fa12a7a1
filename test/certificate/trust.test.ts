import assert from 'node:assert/strict'
import { before, beforeEach, afterEach, describe, it, mock } from 'node:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateSource, RememberedCertificate } from '../../lib/certificate/source.ts'
import { reasonOf } from '../../lib/certificate/trust.ts'
import { pathFaults, type PathFault } from '../../lib/certification-path/index.ts'
import { isRefusal, reasons } from '../../lib/errors.ts'
import type { CertificateOptions, CertificateTrustOptions } from '../../lib/options.ts'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import { replace } from '../token/certificate-files.ts'
import { inboundMessage, readFrom, socketFrom } from './inbound.ts'

const trustedProxies = ['127.0.0.1']
let [ours, another]: Pki[] = []
let [partner, stranger, selfSigned, expired]: ClientCertificate[] = []
before(async () => {
  ;[ours, another] = [await createPki(), await createPki()]
  partner = await createClientCertificate('partner', { issuer: ours })
  stranger = await createClientCertificate('partner', { issuer: another })
  selfSigned = await createClientCertificate('partner')
  expired = await createClientCertificate('partner', { issuer: ours, notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') })
})

async function sourceFor (trust: CertificateTrustOptions, more: CertificateOptions = {}, onTrouble: (detail: string) => void = () => {}): Promise<CertificateSource> {
  const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', trustedProxies, trust, ...more }, 'certificate', { server: null, onTrouble })
  await source.ready()
  return source
}

function read (source: CertificateSource, { der }: ClientCertificate, remembered?: RememberedCertificate): RememberedCertificate {
  const outcome = readFrom(source, inboundMessage([['x-cert', der.toString('base64')]], socketFrom('127.0.0.1')), remembered)
  assert.ok(typeof outcome === 'object')
  return outcome
}

/** 'trusted', or the reason of the refusal. */
async function verdict (source: CertificateSource, who: ClientCertificate | RememberedCertificate): Promise<string> {
  const certificate = 'source' in who ? who : read(source, who)
  try {
    if (!source.isTrusted(certificate, Date.now())) await source.judge(certificate)
    assert.ok(source.isTrusted(certificate, Date.now()))
    return 'trusted'
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

describe('certificates that must be trusted', () => {
  it('86, 87: issued by an authority of the operator\'s, and valid', async () => {
    const source = await sourceFor({ ca: (ours as Pki).ca })
    const verdicts = await Promise.all([partner, stranger, selfSigned, expired].map(async (who) => await verdict(source, who as ClientCertificate)))
    assert.deepEqual(verdicts, ['trusted', 'certificate_untrusted', 'certificate_untrusted', 'certificate_expired'])
  })

  it('several authorities', async () => {
    const source = await sourceFor({ ca: `${(ours as Pki).ca}\n${(another as Pki).ca}` })
    for (const who of [partner, stranger]) assert.equal(await verdict(source, who as ClientCertificate), 'trusted')
  })

  it('without the option every certificate is', async () => {
    const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', trustedProxies }, 'certificate')
    assert.equal(source.isTrusted(read(source, selfSigned as ClientCertificate), Date.now()), true)
  })

  it('88: a thumbprint alone has no issuer', async () => {
    const source = await sourceFor({ ca: (ours as Pki).ca }, { header: 'x-cert', format: 'xfcc' })
    assert.throws(() => readFrom(source, inboundMessage([['x-cert', `Hash=${'a'.repeat(64)}`]], socketFrom('127.0.0.1'))), { reason: 'certificate_untrusted' })
    await assert.rejects(async () => await sourceFor({ ca: (ours as Pki).ca }, { format: 'x5t#S256' }), /^FastifyError.*: certificate\.trust: has no meaning with the format "x5t#S256"/)
  })

  it('nobody is let in before it can be judged', async () => {
    const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', trustedProxies, trust: { ca: (ours as Pki).ca } }, 'certificate')
    const certificate = read(source, partner as ClientCertificate)
    assert.equal(source.isTrusted(certificate, Date.now()), false)
    await assert.rejects(async () => await source.judge(certificate), /not ready/)
  })

  it('every fault of a path has a reason of its own, and its text', () => {
    const faults = Object.keys(pathFaults) as PathFault[]
    assert.equal(new Set(faults.map(reasonOf)).size, faults.length)
    for (const fault of faults) {
      if (fault !== 'leaf_malformed') assert.equal(reasons[reasonOf(fault)][1], pathFaults[fault])
    }
    const own = ['certificate_ca_as_leaf', 'certificate_issuer_expired', 'certificate_issuer_not_yet_valid', 'certificate_signature_invalid', 'certificate_signature_weak',
      'certificate_algorithm_mismatch', 'certificate_key_weak', 'certificate_not_a_ca', 'certificate_path_too_long', 'certificate_key_usage', 'certificate_extended_key_usage',
      'certificate_name_constraints', 'certificate_policy', 'certificate_critical_extension', 'certificate_duplicate_extension', 'certificate_extension_malformed',
      'certificate_name_invalid', 'certificate_serial_number', 'certificate_limit_exceeded', 'certificate_not_yet_valid', 'certificate_expired', 'certificate_untrusted', 'certificate_malformed']
    assert.deepEqual(faults.map(reasonOf).sort(), own.sort())
  })
})

describe('what is remembered of a judgement', () => {
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }))
  afterEach(() => mock.timers.reset())
  const pass = (milliseconds: number): void => mock.timers.setTime(Date.now() + milliseconds)

  it('counts an hour at the most, and no longer than the certificate', async () => {
    const short = await createClientCertificate('partner', { issuer: ours as Pki, notAfter: new Date(Math.floor(Date.now() / 1000) * 1000 + 600_000) })
    const source = await sourceFor({ ca: (ours as Pki).ca })
    const [long, brief] = [read(source, partner as ClientCertificate), read(source, short)]
    await Promise.all([source.judge(long), source.judge(brief)])
    pass(599_000)
    assert.deepEqual([source.isTrusted(long, Date.now()), source.isTrusted(brief, Date.now())], [true, true])
    pass(3000)
    assert.deepEqual([source.isTrusted(long, Date.now()), source.isTrusted(brief, Date.now())], [true, false])
    assert.equal(await verdict(source, brief), 'certificate_expired')
    pass(3_600_000)
    assert.equal(source.isTrusted(long, Date.now()), false)
    assert.equal(await verdict(source, long), 'trusted')
  })

  it('S-9: a new CA file ends everything that was judged by the old one; a bad one changes nothing and is reported', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'trust-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'ca.pem')
    writeFileSync(file, (ours as Pki).ca)
    const troubles: string[] = []
    const source = await sourceFor({ ca: { file } }, {}, (detail) => { troubles.push(detail) })
    const [own, foreign] = [read(source, partner as ClientCertificate), read(source, stranger as ClientCertificate)]
    assert.deepEqual([await verdict(source, own), await verdict(source, foreign)], ['trusted', 'certificate_untrusted'])
    for (const bad of ['', 'no PEM', (partner as ClientCertificate).certificate.slice(0, 100)]) {
      replace(file, bad)
      pass(1000)
      assert.deepEqual([source.isTrusted(own, Date.now()), await verdict(source, foreign)], [true, 'certificate_untrusted'])
    }
    assert.equal(troubles.length, 3)
    for (const trouble of troubles) assert.match(trouble, /^the new CA file is not used: certificate\.trust\.ca: found no PEM certificate/)
    replace(file, (another as Pki).ca)
    pass(1000)
    assert.deepEqual([source.isTrusted(own, Date.now()), await verdict(source, own), await verdict(source, foreign)], [false, 'certificate_untrusted', 'trusted'])
  })

  it('a clock that is set back: nothing is known, and it is judged again', async () => {
    const source = await sourceFor({ ca: (ours as Pki).ca })
    const own = read(source, partner as ClientCertificate)
    assert.equal(await verdict(source, own), 'trusted')
    pass(-3000)
    assert.equal(source.isTrusted(own, Date.now()), false)
    assert.equal(await verdict(source, own), 'trusted')
  })

  it('an anchor that can vouch for nobody is named at boot; it still stands for itself', async () => {
    const troubles: string[] = []
    const alone = await createClientCertificate('alone', { issuer: another as Pki })
    const source = await sourceFor({ ca: `${alone.certificate}\n${(ours as Pki).ca}` }, {}, (detail) => { troubles.push(detail) })
    assert.equal(troubles.length, 1)
    assert.match(troubles[0] as string, /^certificate\.trust\.ca: certificate 1 can vouch for nobody but itself: .* \(not_a_ca\)$/)
    assert.deepEqual([await verdict(source, alone), await verdict(source, partner as ClientCertificate), await verdict(source, stranger as ClientCertificate)], ['trusted', 'trusted', 'certificate_untrusted'])
  })

  it('strangers, however many, push nobody out, and are judged once in ten seconds', async () => {
    const source = await sourceFor({ ca: (ours as Pki).ca })
    assert.equal(await verdict(source, partner as ClientCertificate), 'trusted')
    for (let i = 0; i < 3; i++) assert.equal(await verdict(source, stranger as ClientCertificate), 'certificate_untrusted')
    pass(10_001)
    assert.equal(await verdict(source, stranger as ClientCertificate), 'certificate_untrusted')
  })

  it('a hundred requests with one new certificate are one judgement', async () => {
    const source = await sourceFor({ ca: (ours as Pki).ca })
    const verdicts = await Promise.all(Array.from({ length: 100 }, async () => await verdict(source, partner as ClientCertificate)))
    assert.deepEqual([...new Set(verdicts)], ['trusted'])
  })
})

describe('a trust that stops the boot', () => {
  const table: ReadonlyArray<readonly [what: string, trust: () => CertificateTrustOptions, message: RegExp]> = [
    ['S-9: no such file', () => ({ ca: { file: '/no/such/file' } }), /^certificate\.trust\.ca: cannot read \/no\/such\/file \(ENOENT\)$/],
    ['S-9: no certificate', () => ({ ca: 'nothing' }), /^certificate\.trust\.ca: found no PEM certificate/],
    ['S-9: intermediates that are none', () => ({ ca: (ours as Pki).ca, intermediates: 'nothing' }), /^certificate\.trust\.intermediates: found no PEM certificate/]
  ]
  for (const [what, trust, message] of table) {
    it(what, async () => {
      await assert.rejects(async () => await sourceFor(trust()), { code: 'FST_BOUND_TOKEN_OPTIONS', message })
    })
  }
})
