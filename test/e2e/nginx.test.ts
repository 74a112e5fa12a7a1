import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { startService } from './behind-proxy.ts'
import { ambiguous, badRequest, everybody, forgeries, testForgeries } from './forgeries.ts'
import { asking, nginx, startNginx, type NginxOptions } from './front-nginx.ts'
import { assertUnverified, createClients, testOwners, testResumption } from './proxy-clients.ts'
import { requires } from './requires.ts'

test('through a real nginx', requires({ nginx }), async (t) => {
  const pki = await createPki()
  const clients = await createClients(pki)
  const { partner, thief, selfSigned, foreign, expired } = clients
  const service = await startService(t, pki, { preset: 'nginx' })
  const start = async (options: Partial<NginxOptions> = {}): Promise<number> => {
    const { port, close } = await startNginx({ pki, upstreamPort: service.port, ...options })
    t.after(close)
    return port
  }
  const [strict, port] = [await start(), await start({ directives: asking('optional') })]
  const forged = forgeries(encodeURIComponent(partner.certificate), 'SUCCESS')

  for (const [name, proxyPort] of Object.entries({ 'ssl_verify_client on': strict, optional: port })) {
    await t.test(name, async (t) => {
      await testOwners(t, service, proxyPort, clients)
      await testResumption(t, service, proxyPort, clients)
    })
  }

  // nginx drops names with other signs, and trailers; by HTTP/2 it ends the connection over these.
  const verdicts = {
    else: ['taken', 'binding_mismatch', 'certificate_missing'] as const,
    'space before the colon': badRequest,
    folded: badRequest,
    'trailer by HTTP/2': everybody('proxy: HTTP/2 error')
  }
  await testForgeries(t, service, port, clients, forged, verdicts)

  await t.test('names with other signs, where nginx is told to let them through: the plugin refuses them', async (t) => {
    const lax = await start({ directives: `underscores_in_headers on; ignore_invalid_headers off;\n${asking('optional')}` })
    await testForgeries(t, service, lax, clients, forged, { ...verdicts, underscores: ambiguous, dots: ambiguous })
    const onlyUnderscores = await start({ directives: `underscores_in_headers on;\n${asking('optional')}` })
    for (const who of [partner, thief, null]) {
      const { verdict, arrived } = await service.visit(onlyUnderscores, who, { tokenOf: partner, ...forged['underscores'] })
      assert.equal(verdict, 'certificate_ambiguous')
      assert.ok(arrived.some((line) => line.startsWith('X_SSL_Cert: -----BEGIN')))
    }
  })

  await t.test('ssl_verify_client on: everybody else is answered by nginx itself, whatever he sends', async () => {
    for (const who of [selfSigned, foreign, expired, null]) {
      for (const lines of ['', forged['the same name']?.lines ?? '']) {
        assert.equal((await service.visit(strict, who, { tokenOf: partner, lines })).verdict, 'proxy: 400')
      }
    }
  })

  await t.test('optional: a bad certificate is answered by nginx itself, none at all by the plugin', async () => {
    for (const who of [selfSigned, foreign, expired]) assert.equal((await service.visit(port, who)).verdict, 'proxy: 400')
    const { verdict, arrived } = await service.visit(port, null, { tokenOf: partner })
    assert.equal(verdict, 'certificate_missing')
    assert.deepEqual(arrived.filter((line) => /ssl/i.test(line)), ['X-SSL-Verify: NONE'])
  })

  await t.test('S-6: optional_no_ca: nginx says why a certificate is not verified; none is taken but for its thumbprint alone', async () => {
    const lax = await start({ directives: asking('optional_no_ca') })
    assert.equal((await service.visit(lax, partner)).verdict, 'taken')
    await assertUnverified(service, lax, partner, [
      [selfSigned, 'X-SSL-Verify: FAILED:self-signed certificate'],
      [foreign, 'X-SSL-Verify: FAILED:unable to verify the first certificate']
    ])
    assert.equal((await service.visit(lax, expired)).verdict, 'proxy: 400', 'an expired one never gets through')
  })

  await t.test('self-signed, as the README says: without an authority, with `verified: false`', async () => {
    assert.match(await readFile('README.md', 'utf8'), /say `ssl_verify_client optional_no_ca;` instead, leave `ssl_client_certificate` out/)
    const lax = await start({ directives: asking('optional_no_ca').replace(/ssl_client_certificate .*;/, '') })
    for (const lines of ['', forged['the same name']?.lines ?? '']) {
      assert.equal((await service.visit(lax, selfSigned, { path: '/self-signed', lines })).thumbprint, selfSigned.thumbprint)
      assert.equal((await service.visit(lax, selfSigned, { path: '/self-signed', tokenOf: partner, lines })).verdict, 'binding_mismatch')
      assert.equal((await service.visit(lax, null, { path: '/self-signed', tokenOf: partner, lines })).verdict, 'certificate_missing')
    }
  })

  await t.test('both lines in the server block are inherited by a location that has none of its own', async () => {
    const lines = asking('optional').split('\n')
    const isOfHeaders = (line: string): boolean => line.includes('proxy_set_header')
    const inheriting = await start({ directives: [...lines.filter(isOfHeaders), ...lines.filter((line) => !isOfHeaders(line))].join('\n') })
    assert.equal((await service.visit(inheriting, partner)).verdict, 'taken')
    assert.equal((await service.visit(inheriting, null, { tokenOf: partner, ...forged['the same name'] })).verdict, 'certificate_missing')
  })
})
