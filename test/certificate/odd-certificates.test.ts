import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import type { CertificateOptions } from '../../types/options.ts'
import { presentCertificate } from '../../lib/certificate/client-certificate.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { certificateOf, extension } from './der.ts'
import { startGuardedApp } from './guarded-app.ts'
import { inboundMessage, socketFrom, verdictOf, type FieldLine } from './inbound.ts'
import { heavy, heavyAndMalformed, hostileNames, oddForms, oddKeys, outOfTime } from './odd-certificates.ts'
import { rawExchange, requestText } from './raw-exchange.ts'

const thumbprintOf = (der: Buffer): string => createHash('sha256').update(der).digest('base64url')
const certificate: CertificateOptions = { preset: 'rfc9440', trustedProxies: ['127.0.0.1'] }
const options = { ...certificate, maxBytes: 1_048_576 }
const lineOf = (der: Buffer): FieldLine => ['Client-Cert', `:${der.toString('base64')}:`]

function read (der: Buffer): string {
  return verdictOf(compileCertificateSource(options, 'certificate'), inboundMessage([lineOf(der)], socketFrom('127.0.0.1')))
}

/** Whatever an application may look at; some members throw, since there is no such key, and that is all that they may do. */
function lookAtAll (der: Buffer): void {
  const { certificate } = presentCertificate(der)
  const { subject, issuer, serialNumber, subjectAltName, validFrom, validTo } = certificate
  for (const text of [subject, issuer, serialNumber, subjectAltName ?? '']) assert.equal(typeof text, 'string')
  for (const date of [validFrom, validTo]) assert.ok(date instanceof Date)
  try {
    assert.equal(certificate.x509.publicKey.type, 'public')
  } catch (error) {
    assert.match(String((error as NodeJS.ErrnoException).code), /^ERR_/)
  }
}

/** The least of three, since the machine may be busy with something else. */
function millisecondsOf (work: () => void): number {
  return Math.min(...[1, 2, 3].map(() => {
    const start = performance.now()
    work()
    return performance.now() - start
  }))
}

// The proof of possession is the handshake with the proxy; what a certificate says, and with what key, is between these two.
describe('odd certificates', () => {
  for (const [what, der] of Object.entries(oddKeys)) {
    it(`C27: a key that is ${what}: a proof all the same`, () => {
      assert.equal(read(der), thumbprintOf(der))
      lookAtAll(der)
    })
  }

  it('C27: where Node has no public key, who asks for it gets an error, and nobody else', () => {
    assert.throws(() => presentCertificate(oddKeys['an algorithm that nobody has registered'] as Buffer).certificate.x509.publicKey)
  })

  for (const [what, der] of Object.entries(oddForms)) {
    it(`C30: ${what}: a proof all the same`, () => {
      assert.equal(read(der), thumbprintOf(der))
      lookAtAll(der)
    })
  }

  for (const [what, der] of Object.entries(outOfTime)) {
    it(`C31: ${what}: a proof all the same`, () => assert.equal(read(der), thumbprintOf(der)))
  }

  it('C29: hostile names: let in, and none of them in an answer or a log', async (t) => {
    const guarded = await startGuardedApp({ certificate: options, boundTo: thumbprintOf(hostileNames) })
    t.after(() => guarded.close())
    const { status, head, body } = await rawExchange({ port: guarded.port }, requestText('/', [['Authorization', 'Bearer a'], lineOf(hostileNames)]))
    assert.deepEqual([status, body], [200, thumbprintOf(hostileNames)])
    assert.doesNotMatch(head + guarded.logged.join(''), /admin|gnp|quoted/i)
    for (const line of guarded.logged) assert.equal(typeof JSON.parse(line), 'object')
  })

  it('C29: who reads such names gets no line break but those that Node writes between the parts of a subject', () => {
    const { subject, subjectAltName } = presentCertificate(hostileNames).certificate
    assert.deepEqual(subject.split('\n').map((part) => part.slice(0, 24)), ['CN=a\\0D\\0AX-Admin: true', 'CN=b\\00c', 'CN=\u202egnp.exe', 'CN=\\"\\, CN=admin', `CN=${'x'.repeat(21)}`])
    assert.equal(subjectAltName, 'DNS:"a\\u002c DNS:admin", DNS:"a\\u0000b", DNS:"a\\u000d\\u000aX-Admin: true", DNS:"\\"quoted\\""')
  })
})

describe('heavy certificates', () => {
  for (const [what, der] of Object.entries(heavy)) {
    it(`S-15: ${what}: taken in a moment, and read in a moment`, () => {
      assert.equal(read(der), thumbprintOf(der))
      assert.ok(millisecondsOf(() => read(der)) < 50)
      assert.ok(millisecondsOf(() => lookAtAll(der)) < 200)
    })
  }

  for (const [what, der] of Object.entries(heavyAndMalformed)) {
    it(`S-15: ${what}: refused in a moment`, () => {
      assert.equal(read(der), 'certificate_malformed')
      assert.ok(millisecondsOf(() => read(der)) < 50)
    })
  }

  it('C28, S-14, 105: a certificate of 60 kB, a line of 17 kB: 431 of Node itself; where that lets them through, maxBytes refuses them', async (t) => {
    const large = lineOf(certificateOf({ extensions: [extension('1.2.3.4', Buffer.alloc(60_000))] }))
    const line: FieldLine = ['Client-Cert', `:${'A'.repeat(17_000)}:`]
    const expected = [
      { server: {}, status: 431, reason: undefined },
      { server: { http: { maxHeaderSize: 131_072 } }, status: 401, reason: 'certificate_too_large' }
    ]
    for (const { server, status, reason } of expected) {
      const guarded = await startGuardedApp({ certificate, boundTo: '', server })
      t.after(() => guarded.close())
      for (const each of [large, line]) {
        const exchange = rawExchange({ port: guarded.port }, requestText('/', [['Authorization', 'Bearer a'], each]))
        // Node answers before it has read all of the large one, and the reset that follows may take its answer away.
        const response = await exchange.catch((error) => each === large && error.code !== undefined ? { status } : Promise.reject(error))
        assert.deepEqual([response.status, guarded.decisions.at(-1)?.reason], [status, reason])
      }
      assert.deepEqual(guarded.asked(), [])
    }
  })
})
