import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { listen } from '../../examples/demo/listen.ts'
import { createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { startService } from './behind-proxy.ts'
import { createClientHierarchy, type ClientHierarchy } from './client-hierarchy.ts'
import { haproxy, recommended, startHaproxy } from './front-haproxy.ts'
import { asking, nginx, startNginx } from './front-nginx.ts'
import { createClients } from './proxy-clients.ts'
import { requires } from './requires.ts'

let pki: Pki
let ours: ClientHierarchy
let theirs: ClientHierarchy
before(async () => {
  pki = await createPki()
  ;[ours, theirs] = [await createClientHierarchy(), await createClientHierarchy()]
})

test('a real nginx that passes on whatever it gets (optional_no_ca): the plugin judges it', requires({ nginx }), async (t) => {
  const { partner, thief, selfSigned, foreign } = await createClients(pki)
  const service = await startService(t, pki, { preset: 'nginx', verified: false, trust: { ca: pki.ca } })
  const { port, close } = await startNginx({ pki, upstreamPort: service.port, directives: asking('optional_no_ca') })
  t.after(close)
  assert.equal((await service.visit(port, partner)).verdict, 'taken')
  assert.equal((await service.visit(port, thief, { tokenOf: partner })).verdict, 'binding_mismatch')
  for (const who of [selfSigned, foreign]) {
    assert.equal((await service.visit(port, who)).verdict, 'certificate_untrusted', 'with a token of its own')
    assert.equal((await service.visit(port, who, { tokenOf: partner })).verdict, 'certificate_untrusted')
  }
  assert.equal((await service.visit(port, null, { tokenOf: partner })).verdict, 'certificate_missing')
})

const chainLines = `
    http-request del-header X-SSL-Chain
    http-request set-header X-SSL-Chain %[ssl_c_chain_der,base64] if { ssl_c_used }`

test('a real HAProxy that passes the chain on: a trusted client passes, a stranger with a chain that looks the same does not', requires({ haproxy }), async (t) => {
  const [partner, revoked, stranger] = [await ours.issue('partner'), await ours.issue('revoked'), await theirs.issue('partner')]
  const folder = mkdtempSync(join(tmpdir(), 'trust-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'lists.pem')
  writeFileSync(file, await ours.crls([revoked]))
  const options = (trust: CertificateOptions['trust']): CertificateOptions => ({
    preset: 'haproxy', verified: false, chain: { header: 'x-ssl-chain', format: 'base64-der' }, trust: trust as NonNullable<typeof trust>
  })
  const ask = async (trust: CertificateOptions['trust'], directives = recommended + chainLines): Promise<(who: ClientCertificate, tls?: 'TLSv1.2' | 'TLSv1.3') => Promise<string>> => {
    const service = await startService(t, pki, options(trust))
    const { port, close } = await startHaproxy({ pki, upstreamPort: service.port, directives })
    t.after(close)
    return async (who) => (await service.visit(port, who)).verdict
  }

  await t.test('the chain as the client sends it', async () => {
    const visit = await ask({ ca: ours.root })
    assert.equal(await visit(partner), 'taken')
    assert.match(await visit(stranger), /^certificate_(?:untrusted|signature_invalid)$/)
  })

  await t.test('without the chain header there is no way to the root, unless the operator has the intermediate', async () => {
    assert.equal(await (await ask({ ca: ours.root }, recommended))(partner), 'certificate_untrusted')
    const intermediate = partner.certificate.slice(partner.certificate.indexOf('-----BEGIN', 10))
    const visit = await ask({ ca: ours.root, intermediates: intermediate }, recommended)
    assert.equal(await visit(partner), 'taken')
    assert.match(await visit(stranger), /^certificate_(?:untrusted|signature_invalid)$/)
  })

  await t.test('C41: a revoked one is refused, soft and hard', async () => {
    for (const mode of ['soft', 'hard'] as const) {
      const visit = await ask({ ca: ours.root, revocation: { mode, crls: [{ file }] } })
      assert.deepEqual([await visit(partner), await visit(revoked)], ['taken', 'certificate_revoked'])
    }
  })

  await t.test('a dead responder refuses under hard and lets in under soft', async () => {
    const { port, close } = await listen(createServer())
    await close()
    for (const [mode, expected] of [['soft', 'taken'], ['hard', 'certificate_revocation_unknown']] as const) {
      const visit = await ask({ ca: ours.root, revocation: { mode, ocsp: { url: `http://127.0.0.1:${port}/` }, timeout: 500 } })
      assert.equal(await visit(partner), expected)
    }
  })

  await t.test('a session that is resumed has lost its chain, and the client is still known', async () => {
    const service = await startService(t, pki, options({ ca: ours.root }))
    const { port, close } = await startHaproxy({ pki, upstreamPort: service.port, directives: recommended + chainLines })
    t.after(close)
    const { verdict, session } = await service.visit(port, partner)
    assert.equal(verdict, 'taken')
    const resumed = await service.visit(port, null, { session: session as Buffer, tokenOf: partner })
    assert.deepEqual([resumed.isResumed, resumed.verdict], [true, 'taken'])
    assert.ok(!resumed.arrived.some((line) => /^x-ssl-chain: ./i.test(line)))
  })
})
