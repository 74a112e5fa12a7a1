import 'reflect-metadata'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import * as x509 from '@peculiar/x509'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import { listen } from '../../examples/demo/listen.ts'
import type { RevocationOptions } from '../../types/options.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { rawExchange, requestText } from './raw-exchange.ts'

let pki: Pki
let partner: ClientCertificate
let revoked: ClientCertificate
before(async () => {
  pki = await createPki()
  partner = await createClientCertificate('partner', { issuer: pki })
  revoked = await createClientCertificate('partner', { issuer: pki })
})

/** DER. */
async function listOf (serials: readonly string[], nextUpdate = new Date(Date.now() + 86_400_000)): Promise<Buffer> {
  const crl = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(pki.ca).subject,
    thisUpdate: new Date(Date.now() - 60_000),
    nextUpdate,
    extensions: [new x509.Extension('2.5.29.20', false, Uint8Array.of(0x02, 0x01, 0x01))],
    entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: new Date(Date.now() - 30_000), reason: x509.X509CrlReason.keyCompromise })),
    signingKey: pki.caKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' }
  })
  return Buffer.from(crl.rawData)
}

const serialOf = ({ certificate }: ClientCertificate): string => new x509.X509Certificate(certificate).serialNumber

async function guardedBy (t: TestContext, revocation: RevocationOptions | 'off', boundTo = partner): Promise<GuardedApp & { visit (who: ClientCertificate): Promise<string | null> }> {
  const guarded = await startGuardedApp({
    certificate: { header: 'x-cert', format: 'base64-der', trustedProxies: ['127.0.0.1'], trust: { ca: pki.ca, revocation } },
    boundTo: boundTo.thumbprint
  })
  t.after(() => guarded.close())
  return {
    ...guarded,
    async visit (who) {
      await rawExchange({ port: guarded.port, host: '127.0.0.1' }, requestText('/', [['Authorization', 'Bearer a'], ['X-Cert', who.der.toString('base64')]]))
      return guarded.decisions.at(-1)?.reason ?? null
    }
  }
}

function fileWith (t: TestContext, content: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'revocation-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'list.crl'), content)
  return join(folder, 'list.crl')
}

describe('C41: revoked certificates, through the plugin', () => {
  for (const mode of ['soft', 'hard'] as const) {
    it(`${mode}: one that is on the list is refused, another one is let in`, async (t) => {
      const file = fileWith(t, await listOf([serialOf(revoked)]))
      const { visit, app } = await guardedBy(t, { mode, crls: [{ file }] })
      assert.deepEqual([await visit(partner), await visit(revoked), await visit(partner)], [null, 'certificate_revoked', null])
      assert.deepEqual(app.boundToken.stats().revocation, { good: 1, revoked: 1, undetermined: 0 })
    })

    it(`${mode}: a list that has lapsed says nothing: ${mode === 'soft' ? 'let in, with a warning and a count' : 'refused'}`, async (t) => {
      const file = fileWith(t, await listOf([serialOf(revoked)], new Date(Date.now() - 1000)))
      const { visit, app, logged } = await guardedBy(t, { mode, crls: [{ file }] })
      assert.equal(await visit(partner), mode === 'soft' ? null : 'certificate_revocation_unknown')
      assert.equal(app.boundToken.stats().revocation?.undetermined, 1)
      assert.ok(logged.some((line) => line.includes('"level":40') && line.includes('nobody can say whether a client certificate is revoked')))
    })

    it(`${mode}: a responder that is dead says nothing: ${mode === 'soft' ? 'let in' : 'refused'}`, async (t) => {
      const { port, close } = await listen(createServer())
      await close()
      const { visit } = await guardedBy(t, { mode, ocsp: { url: `http://127.0.0.1:${port}/` }, timeout: 500 })
      assert.equal(await visit(partner), mode === 'soft' ? null : 'certificate_revocation_unknown')
    })
  }

  it('off: nobody is asked, and there is nothing to count', async (t) => {
    const { visit, app } = await guardedBy(t, 'off')
    assert.equal(await visit(partner), null)
    assert.equal(app.boundToken.stats().revocation, null)
  })

  it('a certificate that is known is not asked about again, and a hundred requests with a new one ask once', async (t) => {
    const asked: IncomingMessage[] = []
    const { port, close } = await listen(createServer((request, response) => {
      asked.push(request)
      response.writeHead(500).end()
    }))
    t.after(close)
    const { visit } = await guardedBy(t, { mode: 'soft', ocsp: { url: `http://127.0.0.1:${port}/` } })
    await Promise.all(Array.from({ length: 100 }, async () => { await visit(partner) }))
    assert.equal(asked.length, 1)
    assert.equal(await visit(partner), null)
    assert.equal(asked.length, 1)
  })

  const stops: ReadonlyArray<readonly [what: string, revocation: () => RevocationOptions, message: RegExp]> = [
    ['no source', () => ({ mode: 'hard' }), /options\.certificate\.trust\.revocation: no source: neither crls nor fetchCrls nor ocsp/],
    ['S-9: a file that is not there', () => ({ mode: 'soft', crls: [{ file: '/no/such/list' }] }), /options\.certificate\.trust\.revocation: .*\/no\/such\/list/],
    ['hosts that nobody allowed', () => ({ mode: 'soft', fetchCrls: true }), /options\.certificate\.trust\.revocation: allowedHosts: there is none/]
  ]
  for (const [what, revocation, message] of stops) {
    it(`${what} stops the boot`, async () => {
      const source = compileCertificateSource({ header: 'x-cert', format: 'pem', trustedProxies: ['127.0.0.1'], trust: { ca: pki.ca, revocation: revocation() } }, 'options.certificate')
      await assert.rejects(async () => await source.ready(), { code: 'FST_BOUND_TOKEN_OPTIONS', message })
    })
  }
})
