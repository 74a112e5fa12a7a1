import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { startService } from './behind-proxy.ts'
import { ambiguous, badRequest, forgeries, testForgeries } from './forgeries.ts'
import { caddy, placeholder, recommended, startCaddy, verifying, type CaddyOptions } from './front-caddy.ts'
import { createClients, testOwners, testResumption } from './proxy-clients.ts'
import { requires } from './requires.ts'

test('through a real Caddy', requires({ caddy }), async (t) => {
  const pki = await createPki()
  const clients = await createClients(pki)
  const { partner, selfSigned, foreign, expired } = clients
  const service = await startService(t, pki, { preset: 'caddy' })
  const start = async (options: Partial<CaddyOptions> = {}): Promise<number> => {
    const { port, close } = await startCaddy({ pki, upstreamPort: service.port, clients: verifying, ...options })
    t.after(close)
    return port
  }
  const port = await start()
  const forged = forgeries(partner.der.toString('base64'), 'SUCCESS')
  const badCertificate = 'tls: BAD_CERTIFICATE'

  await t.test('the README names what is recommended here', async () => {
    const readme = await readFile('README.md', 'utf8')
    for (const sample of ['header_up', placeholder]) assert.ok(readme.includes(sample) && recommended.includes(sample))
  })

  await testOwners(t, service, port, clients)
  await testResumption(t, service, port, clients)

  // Names with other signs are sent on: there the owner does himself harm. What `Connection` names, Caddy removes before it sets its own.
  const verdicts = {
    else: ['taken', 'binding_mismatch', 'certificate_placeholder'] as const,
    underscores: ambiguous,
    dots: ambiguous,
    'space before the colon': badRequest
  }
  await testForgeries(t, service, port, clients, forged, verdicts)

  await t.test('no certificate: the name of what is missing', async () => {
    const { verdict, arrived } = await service.visit(port, null, { tokenOf: partner })
    assert.equal(verdict, 'certificate_placeholder')
    assert.deepEqual(arrived.filter((line) => /ssl/i.test(line)), [`X-Ssl-Cert: ${placeholder}`])
  })

  await t.test('a verifying mode: self-signed, of an unknown issuer and expired do not get through the handshake; none does where one may be absent', async () => {
    const strict = await start({ clients: verifying.replace('verify_if_given', 'require_and_verify') })
    assert.equal((await service.visit(strict, partner)).verdict, 'taken')
    for (const who of [selfSigned, foreign, expired]) {
      assert.equal((await service.visit(port, who, { tls: 'TLSv1.2' })).verdict, badCertificate)
      assert.equal((await service.visit(strict, who, { tls: 'TLSv1.2' })).verdict, badCertificate)
    }
    assert.equal((await service.visit(strict, null, { tokenOf: partner, tls: 'TLSv1.2' })).verdict, badCertificate)
  })

  await t.test('S-6: the modes request and require verify nothing, and there is no verdict: only the thumbprint counts', async () => {
    for (const mode of ['request', 'require']) {
      const lax = await start({ clients: `mode ${mode}` })
      for (const who of [selfSigned, foreign, expired]) {
        assert.equal((await service.visit(lax, who)).thumbprint, who.thumbprint)
        assert.equal((await service.visit(lax, who, { tokenOf: partner })).verdict, 'binding_mismatch')
        assert.equal((await service.visit(lax, who, { tokenOf: partner, ...forged['the same name'] })).verdict, 'binding_mismatch')
      }
      assert.equal((await service.visit(lax, null, { tokenOf: partner, tls: 'TLSv1.2' })).verdict, mode === 'require' ? badCertificate : 'certificate_placeholder')
    }
  })

  await t.test('request_header is proof against Connection behind a line that removes that', async () => {
    const mended = await start({ directives: '', more: `  request_header -Connection\n  request_header X-SSL-Cert ${placeholder}` })
    assert.equal((await service.visit(mended, partner, forged['Connection takes off the certificate'])).verdict, 'taken')
  })

  await t.test('a header_up that removes the client\'s header removes Caddy\'s own as well, whatever the order: nobody gets in', async () => {
    const removal = 'header_up -X-SSL-Cert'
    for (const directives of [`${removal}\n    ${recommended}`, `${recommended}\n    ${removal}`]) {
      assert.equal((await service.visit(await start({ directives }), partner, forged['the same name'])).verdict, 'certificate_missing')
    }
  })

  await t.test('certificate_pem has line feeds, and Caddy answers 502 to everybody with a certificate', async () => {
    const broken = await start({ directives: recommended.replace('der_base64', 'pem') })
    assert.equal((await service.visit(broken, partner)).verdict, 'proxy: 502')
    assert.equal((await service.visit(broken, null, { tokenOf: partner, ...forged['the same name'] })).verdict, 'certificate_placeholder')
  })
})
