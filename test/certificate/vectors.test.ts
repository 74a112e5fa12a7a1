import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateOptions } from '../../lib/options.ts'
import { reasons } from '../../lib/errors.ts'
import { inboundMessage, socketFrom, verdictOf } from './inbound.ts'
import { pinned, verdicts } from './vector-verdicts.ts'
import { connect2id, headerCases, rfc8705, rfc9440, supported, cases } from './vectors.ts'

const proxy = socketFrom('127.0.0.1')
const thumbprints: Readonly<Record<string, string>> = { [headerCases['x5t#S256']]: 'taken', [headerCases['x5t#S256_other']]: 'other' }

function read (options: CertificateOptions, lines: Parameters<typeof inboundMessage>[0]): string {
  const outcome = verdictOf(compileCertificateSource(options, 'certificate'), inboundMessage(lines, proxy))
  return Object.hasOwn(reasons, outcome) ? outcome : thumbprints[outcome] ?? 'third'
}

describe('published examples', () => {
  it('S-11: Connect2id: the header of its guide, through pem', () => {
    const source = compileCertificateSource({ header: connect2id.header, format: 'pem', trustedProxies: ['127.0.0.1'] }, 'certificate')
    assert.equal(verdictOf(source, inboundMessage([[connect2id.header, connect2id.value]], proxy)), '6v7nY3Ap2xjhpiSEGzbJ_f61HZw1O9d2BEzp_SBfqS8')
    assert.equal(connect2id['x5t#S256'], '6v7nY3Ap2xjhpiSEGzbJ_f61HZw1O9d2BEzp_SBfqS8')
  })

  it('RFC 9440 appendix A: the Client-Cert field, through rfc9440', () => {
    const source = compileCertificateSource({ preset: 'rfc9440', trustedProxies: ['127.0.0.1'] }, 'certificate')
    assert.equal(verdictOf(source, inboundMessage([['Client-Cert', rfc9440['Client-Cert']]], proxy)), 'v68ffgcPn6jdYpBfFY2nP4ShE2Yk-6_Mk5PI9yh6aes')
  })

  it('73, 74, C31: RFC 8705 appendix A: a certificate of version 1, self-signed and expired, is still a proof', () => {
    const { raw } = new X509Certificate(rfc8705.certificate_pem)
    const written = {
      pem: rfc8705.certificate_pem.replaceAll('\n', ' '),
      'url-pem': encodeURIComponent(rfc8705.certificate_pem),
      'base64-der': raw.toString('base64'),
      'base64-pem': Buffer.from(rfc8705.certificate_pem).toString('base64'),
      rfc9440: `:${raw.toString('base64')}:`
    } as const
    for (const [format, value] of Object.entries(written)) {
      const source = compileCertificateSource({ header: 'x-cert', format: format as keyof typeof written, trustedProxies: ['127.0.0.1'] }, 'certificate')
      assert.equal(verdictOf(source, inboundMessage([['x-cert', value]], proxy)), 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0', format)
    }
  })
})

describe('header cases, through the source', () => {
  for (const { id, format, lines } of cases) {
    it(id, () => {
      assert.equal(read(supported[format] as CertificateOptions, lines), verdicts[id])
    })
  }
})

describe('the table of verdicts', () => {
  it('has every case, and no other', () => {
    assert.deepEqual(Object.keys(verdicts).sort(), cases.map(({ id }) => id).sort())
    assert.equal(cases.length, 92)
  })

  it('agrees with what the vectors demand', () => {
    for (const { id, expect } of cases) {
      const verdict = verdicts[id]
      switch (expect) {
        case 'accept': assert.equal(verdict, 'taken', id); break
        case 'accept-other-thumbprint': assert.equal(verdict, 'other', id); break
        case 'none':
        case 'reject': assert.match(verdict ?? '', /^certificate_/, id); break
        default: assert.equal(verdict, pinned[id]?.[0], id)
      }
    }
  })

  it('pins each case that the vectors leave open', () => {
    const open = cases.filter(({ expect }) => !/^(?:accept|accept-other-thumbprint|none|reject)$/.test(expect))
    assert.deepEqual(Object.keys(pinned).sort(), open.map(({ id }) => id).sort())
  })
})
