import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { startService } from './behind-proxy.ts'
import { ambiguous, badRequest, forgeries, testForgeries } from './forgeries.ts'
import { haproxy, recommended, startHaproxy, unconditional, type HaproxyOptions } from './front-haproxy.ts'
import { assertUnverified, createClients, testOwners, testResumption } from './proxy-clients.ts'
import { requires } from './requires.ts'

test('through a real HAProxy', requires({ haproxy }), async (t) => {
  const pki = await createPki()
  const clients = await createClients(pki)
  const { partner, thief, selfSigned, foreign, expired } = clients
  const service = await startService(t, pki, { preset: 'haproxy' })
  const start = async (options: Partial<HaproxyOptions> = {}, upstreamPort = service.port): Promise<number> => {
    const { port, close } = await startHaproxy({ pki, upstreamPort, ...options })
    t.after(close)
    return port
  }
  const port = await start()
  const forged = forgeries(partner.der.toString('base64'), '0')

  await t.test('the README names what is recommended here', async () => {
    const readme = await readFile('README.md', 'utf8')
    for (const sample of ['%[ssl_c_der,base64]', '%[ssl_c_verify]']) assert.ok(readme.includes(sample) && recommended.includes(sample))
  })

  await testOwners(t, service, port, clients)
  await testResumption(t, service, port, clients)

  // Names with other signs and the trailer are sent on, `Connection` as well: there the owner does himself harm.
  await testForgeries(t, service, port, clients, forged, {
    else: ['taken', 'binding_mismatch', 'certificate_missing'],
    underscores: ambiguous,
    dots: ambiguous,
    'Connection takes off the certificate': ambiguous,
    'Connection takes off the verdict': ambiguous,
    'Connection takes off what the proxy sets': ambiguous,
    'space before the colon': badRequest
  })

  await t.test('S-6: HAProxy says why a certificate is not verified: 18 self-signed, 21 unknown issuer, 10 expired; none is taken but for its thumbprint alone', async () => {
    await assertUnverified(service, port, partner, [[selfSigned, 'x-ssl-verify: 18'], [foreign, 'x-ssl-verify: 21'], [expired, 'x-ssl-verify: 10']])
  })

  await t.test('no certificate: neither header', async () => {
    const { verdict, arrived } = await service.visit(port, null, { tokenOf: partner })
    assert.equal(verdict, 'certificate_missing')
    assert.deepEqual(arrived.filter((line) => /ssl/i.test(line)), [])
  })

  await t.test('verify required: the same ones do not get through the handshake, and nobody without a certificate', async () => {
    const strict = await start({ clients: 'verify required ca-file ca.pem' })
    assert.equal((await service.visit(strict, partner)).verdict, 'taken')
    const refused = [
      [selfSigned, 'tls: UNKNOWN_CA'],
      [foreign, 'tls: UNKNOWN_CA'],
      [expired, 'tls: CERTIFICATE_EXPIRED'],
      [null, 'tls: HANDSHAKE_FAILURE']
    ] as const
    for (const [who, verdict] of refused) assert.equal((await service.visit(strict, who, { tokenOf: partner, tls: 'TLSv1.2' })).verdict, verdict)
  })

  await t.test('a certificate that does not fit the buffer of HAProxy is an empty header, and refused', async () => {
    const names = Array.from({ length: 240 }, (_, n) => ({ type: 'dns' as const, value: `host-${n}.a-rather-long-department-name.clients.example.com` }))
    const { verdict, arrived } = await service.visit(port, await createClientCertificate('large', { issuer: pki, subjectAltNames: names }))
    assert.equal(verdict, 'certificate_placeholder')
    assert.deepEqual(arrived.filter((line) => /ssl/i.test(line)), ['x-ssl-cert: ', 'x-ssl-verify: 0'])
  })

  await t.test('without conditions: overwritten, and empty beside the verdict 0 where there is no certificate', async () => {
    const overwriting = await start({ directives: unconditional })
    for (const lines of ['', forged['the same name']?.lines ?? '']) {
      assert.equal((await service.visit(overwriting, partner, { lines })).verdict, 'taken')
      const none = await service.visit(overwriting, null, { tokenOf: partner, lines })
      assert.equal(none.verdict, 'certificate_placeholder')
      assert.deepEqual(none.arrived.filter((line) => /ssl/i.test(line)), ['x-ssl-cert: ', 'x-ssl-verify: 0'])
    }
  })

  await t.test('ssl_fc_has_crt instead of ssl_c_used is false on a resumed session: the client is lost, and refused', async () => {
    const losing = await start({ directives: recommended.replaceAll('ssl_c_used', 'ssl_fc_has_crt') })
    const { verdict, session } = await service.visit(losing, partner)
    assert.equal(verdict, 'taken')
    const resumed = await service.visit(losing, partner, { session: session as Buffer })
    assert.deepEqual([resumed.isResumed, resumed.verdict], [true, 'certificate_missing'])
  })

  await t.test('in the form of RFC 9440', async (t) => {
    const rfc9440 = await startService(t, pki, { preset: 'rfc9440' })
    const directives = `
    http-request del-header Client-Cert
    http-request del-header Client-Cert-Chain
    http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }`
    const conditional = await start({ directives }, rfc9440.port)
    const always = await start({ directives: directives.replace(' if { ssl_c_used }', '') }, rfc9440.port)
    const lines = `Client-Cert: :${partner.der.toString('base64')}:\r\n`
    for (const sent of ['', lines, lines + lines]) {
      assert.equal((await rfc9440.visit(conditional, partner, { lines: sent })).thumbprint, partner.thumbprint)
      assert.equal((await rfc9440.visit(conditional, thief, { tokenOf: partner, lines: sent })).verdict, 'binding_mismatch')
      assert.equal((await rfc9440.visit(conditional, null, { tokenOf: partner, lines: sent })).verdict, 'certificate_missing')
      assert.equal((await rfc9440.visit(always, null, { tokenOf: partner, lines: sent })).verdict, 'certificate_placeholder')
    }
  })
})
