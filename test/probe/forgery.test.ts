import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { formatNames } from '../../lib/certificate/formats.ts'
import { forge } from '../../lib/probe/forgery.ts'
import { digestOf, readSent, writeSent } from '../../lib/probe/wire.ts'

const socket = { remoteAddress: '127.0.0.1' } as Socket

for (const format of formatNames) {
  test(`${format}: the plugin would read the forged certificate, the marker stands in its value, and no value has a comma`, () => {
    const source = compileCertificateSource({ header: 'x', format, trustedProxies: ['127.0.0.1'] }, 'certificate')
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const { marker, value, thumbprint } = forge(format)
      seen.add(marker)
      const found = source.read({ authorization: undefined, certificate: value, verdict: undefined, chain: undefined, secret: undefined }, socket, undefined)
      assert.ok(typeof found === 'object' && found.presented.certificate.thumbprint === thumbprint, value)
      if (found.presented.isWhole) assert.ok(new X509Certificate(found.presented.certificate.der).subject.includes('not a certificate to trust'))
      assert.ok(value.includes(marker) && !value.includes(','))
      const sent = { marker, value: digestOf(value), thumbprint, verdict: null }
      assert.deepEqual(readSent(writeSent(sent)), sent)
    }
    assert.equal(seen.size, 200)
  })
}
