import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import type { Service } from './behind-proxy.ts'

export interface Clients {
  readonly partner: ClientCertificate
  /** Verified just as well. */
  readonly thief: ClientCertificate
  /** Owners with other keys, and with a certificate as long as they come. */
  readonly others: Readonly<Record<string, ClientCertificate>>
  readonly selfSigned: ClientCertificate
  readonly foreign: ClientCertificate
  readonly expired: ClientCertificate
}

export async function createClients (pki: Pki): Promise<Clients> {
  const names = Array.from({ length: 60 }, (_, n) => ({ type: 'dns' as const, value: `host-${n}.a-long-name.example.com` }))
  return {
    partner: await createClientCertificate('partner', { issuer: pki }),
    thief: await createClientCertificate('thief', { issuer: pki }),
    others: {
      RSA: await createClientCertificate('rsa', { issuer: pki, keyType: 'rsa' }),
      Ed25519: await createClientCertificate('ed25519', { issuer: pki, keyType: 'ed25519' }),
      '60 names': await createClientCertificate('many', { issuer: pki, subjectAltNames: names })
    },
    selfSigned: await createClientCertificate('partner'),
    foreign: await createClientCertificate('partner', { issuer: await createPki() }),
    expired: await createClientCertificate('partner', { issuer: pki, notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') })
  }
}

export async function testOwners (t: TestContext, service: Service, proxyPort: number, { partner, thief, others }: Clients): Promise<void> {
  for (const [name, who] of Object.entries({ EC: partner, ...others })) {
    await t.test(`${name}: the owner of the token is let in, nobody else with it, and the owner with no other`, async () => {
      const { verdict, thumbprint } = await service.visit(proxyPort, who)
      assert.deepEqual([verdict, thumbprint], ['taken', who.thumbprint])
      assert.equal((await service.visit(proxyPort, thief, { tokenOf: who })).verdict, 'binding_mismatch')
      assert.equal((await service.visit(proxyPort, who, { tokenOf: thief })).verdict, 'binding_mismatch')
    })
  }

  await t.test('the owner by HTTP/2', async () => {
    const { verdict, thumbprint } = await service.visitByHttp2(proxyPort, partner, partner)
    assert.deepEqual([verdict, thumbprint], ['taken', partner.thumbprint])
  })
}

/** A second connection shows no certificate of its own, but resumes a session in which one was shown. */
export async function testResumption (t: TestContext, service: Service, proxyPort: number, { partner, thief }: Clients): Promise<void> {
  for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
    await t.test(`a resumed session (${tls}) keeps the client, and is of no use with the token of another`, async () => {
      const { session, verdict } = await service.visit(proxyPort, partner, { tls })
      assert.equal(verdict, 'taken')
      assert.ok(session)
      const resumed = await service.visit(proxyPort, null, { tls, session, tokenOf: partner })
      assert.deepEqual([resumed.isResumed, resumed.verdict, resumed.thumbprint], [true, 'taken', partner.thumbprint])
      const stolen = await service.visit(proxyPort, thief, { tls, session, tokenOf: thief })
      assert.deepEqual([stolen.isResumed, stolen.verdict], [true, 'binding_mismatch'])
    })
  }
}

/** Certificates that the proxy lets through with a verdict of its own: not taken where that counts, and elsewhere for their thumbprint alone. */
export async function assertUnverified (service: Service, proxyPort: number, tokenOf: ClientCertificate, lines: ReadonlyArray<readonly [who: ClientCertificate, verdict: string]>): Promise<void> {
  for (const [who, line] of lines) {
    const { verdict, arrived } = await service.visit(proxyPort, who)
    assert.equal(verdict, 'certificate_unverified')
    assert.ok(arrived.includes(line), arrived.join('\n'))
    assert.equal((await service.visit(proxyPort, who, { path: '/self-signed' })).thumbprint, who.thumbprint)
    assert.equal((await service.visit(proxyPort, who, { path: '/self-signed', tokenOf })).verdict, 'binding_mismatch')
  }
}
