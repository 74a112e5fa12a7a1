import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { createPki } from '../../examples/demo/pki.ts'
import { startService } from './behind-proxy.ts'
import { ambiguous, badRequest, forgeries, missing, testForgeries } from './forgeries.ts'
import { apache, recommended, startApache, unconditional, type ApacheOptions } from './front-apache.ts'
import { assertUnverified, createClients, testOwners, testResumption } from './proxy-clients.ts'
import { requires } from './requires.ts'

test('through a real Apache httpd', requires({ apache }), async (t) => {
  const pki = await createPki()
  const clients = await createClients(pki)
  const { partner, thief, selfSigned, foreign, expired } = clients
  const service = await startService(t, pki, { preset: 'apache' })
  const start = async (options: Partial<ApacheOptions> = {}): Promise<number> => {
    const { port, close } = await startApache({ pki, upstreamPort: service.port, ...options })
    t.after(close)
    return port
  }
  const port = await start()
  const forged = forgeries(encodeURIComponent(partner.certificate), 'SUCCESS')

  await t.test('the README names what is recommended here', async () => {
    const sample = '%{escape:%{SSL_CLIENT_CERT}}'
    assert.ok((await readFile('README.md', 'utf8')).includes(sample) && recommended.includes(sample))
  })

  await testOwners(t, service, port, clients)
  await testResumption(t, service, port, clients)

  // Names with other signs are sent on: there the owner does himself harm.
  const verdicts = {
    else: ['taken', 'binding_mismatch', 'certificate_missing'] as const,
    underscores: ambiguous,
    dots: ambiguous,
    'space before the colon': badRequest,
    'bare line feed': badRequest
  }
  await testForgeries(t, service, port, clients, forged, verdicts)

  await t.test('S-6: Apache says why a certificate is not verified; none is taken but for its thumbprint alone', async () => {
    await assertUnverified(service, port, partner, [
      [selfSigned, 'X-SSL-Verify: FAILED:self-signed certificate'],
      [foreign, 'X-SSL-Verify: FAILED:unable to verify the first certificate']
    ])
  })

  await t.test('an expired certificate does not get through the handshake, even with optional_no_ca', async () => {
    assert.equal((await service.visit(port, expired, { tls: 'TLSv1.2' })).verdict, 'tls: CERTIFICATE_EXPIRED')
  })

  await t.test('no certificate: neither header', async () => {
    const { verdict, arrived } = await service.visit(port, null, { tokenOf: partner })
    assert.equal(verdict, 'certificate_missing')
    assert.deepEqual(arrived.filter((line) => /ssl/i.test(line)), [])
  })

  await t.test('SSLVerifyClient require: nobody else gets through the handshake', async () => {
    const strict = await start({ clients: 'SSLVerifyClient require' })
    assert.equal((await service.visit(strict, partner)).verdict, 'taken')
    const refused = [
      [selfSigned, 'tls: UNKNOWN_CA'],
      [foreign, 'tls: UNKNOWN_CA'],
      [expired, 'tls: CERTIFICATE_EXPIRED'],
      [null, 'tls: HANDSHAKE_FAILURE']
    ] as const
    for (const [who, verdict] of refused) assert.equal((await service.visit(strict, who, { tokenOf: partner, tls: 'TLSv1.2' })).verdict, verdict)
  })

  await t.test('without conditions: overwritten, empty beside the verdict NONE where there is no certificate', async () => {
    const overwriting = await start({ directives: unconditional })
    for (const lines of ['', forged['the same name']?.lines ?? '']) {
      assert.equal((await service.visit(overwriting, partner, { lines })).verdict, 'taken')
      const none = await service.visit(overwriting, null, { tokenOf: partner, lines })
      assert.equal(none.verdict, 'certificate_placeholder')
      assert.deepEqual(none.arrived.filter((line) => /^x-ssl/i.test(line)), ['X-SSL-Cert: ', 'X-SSL-Verify: NONE'])
    }
  })

  await t.test('Connection not edited: a client takes off what Apache has set, to nobody\'s harm but its own', async (t) => {
    const strippable = await start({ directives: recommended.replace(/ *RequestHeader edit.*/, '') })
    await testForgeries(t, service, strippable, clients, forged, {
      ...verdicts,
      'Connection takes off the certificate': missing,
      'Connection takes off the verdict': ['certificate_unverified', 'certificate_unverified', 'certificate_missing'],
      'Connection takes off what the proxy sets': missing
    })
    const { verdict, arrived } = await service.visit(strippable, selfSigned, { lines: 'Connection: close, X-SSL-Verify\r\n' })
    assert.equal(verdict, 'certificate_unverified', 'a verdict that is not there is no good one')
    assert.ok(arrived.some((line) => line.startsWith('X-SSL-Cert: -----')) && !arrived.some((line) => line.startsWith('X-SSL-Verify')))
  })

  await t.test('append puts its own behind the client\'s in the same line: seen also where no verdict is asked for', async () => {
    const appending = await start({ directives: unconditional.replaceAll('RequestHeader set', 'RequestHeader append') })
    const onlyCertificate = { lines: forged['the same name']?.lines?.split('\r\n')[0] + '\r\n' }
    for (const who of [partner, thief, null]) {
      assert.equal((await service.visit(appending, who, { tokenOf: partner, path: '/self-signed', ...onlyCertificate })).verdict, 'certificate_ambiguous')
    }
  })

  await t.test('a deeper location inherits the lines, unlike in nginx', async () => {
    const deeper = await start({ more: '<Location /self-signed>\n    RequestHeader set X-Other a\n</Location>' })
    const { verdict, arrived } = await service.visit(deeper, null, { tokenOf: partner, path: '/self-signed', ...forged['the same name'] })
    assert.equal(verdict, 'certificate_missing')
    assert.ok(arrived.includes('X-Other: a'))
  })

  await t.test('the other spelling of the README: %{SSL_CLIENT_CERT}s with the format pem', async (t) => {
    const spaced = await startService(t, pki, { preset: 'apache', format: 'pem' })
    const proxy = await start({ upstreamPort: spaced.port, directives: 'RequestHeader set X-SSL-Cert "%{SSL_CLIENT_CERT}s"\nRequestHeader set X-SSL-Verify "%{SSL_CLIENT_VERIFY}s"' })
    for (const lines of ['', forged['the same name']?.lines ?? '']) {
      assert.equal((await spaced.visit(proxy, partner, { lines })).thumbprint, partner.thumbprint)
      assert.equal((await spaced.visit(proxy, thief, { tokenOf: partner, lines })).verdict, 'binding_mismatch')
      assert.equal((await spaced.visit(proxy, null, { tokenOf: partner, lines })).verdict, 'certificate_placeholder')
    }
  })
})
