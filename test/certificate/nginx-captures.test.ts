import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { inboundMessage, socketFrom, verdictOf, type FieldLine } from './inbound.ts'
import { rawExchange } from './raw-exchange.ts'

const folder = new URL('../../fixtures/headers/nginx-1.22/', import.meta.url)
const thumbprints = JSON.parse(readFileSync(new URL('thumbprints.json', folder), 'utf8')) as Record<string, string | null>

function captured (name: string): string {
  return readFileSync(new URL(`${name}.txt`, folder), 'latin1')
}

function linesOf (name: string): FieldLine[] {
  return captured(name).trimEnd().split('\n').map((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
}

function read (name: string, options: CertificateOptions = {}): string {
  const source = compileCertificateSource({ preset: 'nginx', trustedProxies: ['127.0.0.1'], ...options }, 'certificate')
  return verdictOf(source, inboundMessage(linesOf(name), socketFrom('127.0.0.1')))
}

describe('S-13: what nginx 1.22 wrote', () => {
  it('every capture has a thumbprint, or null, recorded beside it', () => {
    const names = readdirSync(folder).filter((file) => file.endsWith('.txt')).map((file) => file.replace('.txt', ''))
    assert.deepEqual(Object.keys(thumbprints).sort(), names.sort())
  })

  for (const name of ['rsa-2048', 'ec-p256', 'ed25519', 'san-60', 'forged-with-certificate']) {
    it(`${name}: the thumbprint of the certificate that the client showed`, () => {
      assert.equal(typeof thumbprints[name], 'string')
      assert.equal(read(name, { verified: false }), thumbprints[name])
    })

    it(`S-6: ${name}: self-signed, and so not verified by the proxy`, () => {
      assert.equal(read(name), 'certificate_unverified')
      assert.equal(read(name, { verified: { header: 'X-SSL-Verify', value: 'FAILED:self-signed certificate' } }), thumbprints[name])
    })
  }

  for (const name of ['no-certificate', 'forged-without-certificate']) {
    it(`S-1: ${name}: no certificate, whatever the client sent`, () => {
      assert.equal(thumbprints[name], null)
      assert.equal(read(name, { verified: false }), 'certificate_missing')
    })
  }

  it('folded-ssl-client-cert: Node refuses the deprecated $ssl_client_cert before anybody reads it', async () => {
    const server = createServer(() => assert.fail('the request was read'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const lines = captured('folded-ssl-client-cert').replace('\nX-SSL-Verify', '\r\nX-SSL-Verify').trimEnd()
      assert.match(lines, /-----BEGIN CERTIFICATE-----\n\tMII/)
      const { status } = await rawExchange({ port: (server.address() as AddressInfo).port }, `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`)
      assert.equal(status, 400)
    } finally {
      server.close()
    }
  })
})
