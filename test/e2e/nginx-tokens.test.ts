import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClientCertificate, type ClientCertificate } from '../../examples/demo/pki.ts'
import { request, type Response } from '../../examples/demo/request.ts'
import { setStage } from '../../examples/demo/stage.ts'
import { token } from '../../examples/demo/story.ts'
import { nginx } from './front-nginx.ts'
import { requires } from './requires.ts'

// What the story of the demo leaves out: other kinds of certificates, and one that only bears the owner's name.
test('through a real nginx with tokens of a real authorization server', requires({ nginx }), async (t) => {
  const moreCertificates = [
    await createClientCertificate('rsa', { keyType: 'rsa' }),
    await createClientCertificate('ed25519', { keyType: 'ed25519' }),
    await createClientCertificate('many', { subjectAltNames: Array.from({ length: 60 }, (_, n) => ({ type: 'dns' as const, value: `host-${n}.a-long-name.example.com` })) })
  ]
  const stage = await setStage({ front: 'nginx', moreCertificates })
  t.after(() => stage.close())
  const { partner, front, ca } = stage
  const good = await token(stage, partner, 'accounts')
  const send = async ({ certificate, key }: ClientCertificate, bearer = good): Promise<Response> =>
    await request({ url: `${front.url}/accounts`, ca, certificate, key, headers: { authorization: `Bearer ${bearer}` } })

  await t.test('S-8: the handler knows whom it serves; a certificate with the same name is another one', async () => {
    const { status, body } = await send(partner)
    assert.deepEqual([status, JSON.parse(body)], [200, { client: 'partner', certificate: partner.thumbprint }])
    const refused = await send(await createClientCertificate('partner'))
    assert.equal(refused.status, 401)
    assert.match(String(refused.headers['www-authenticate']), /error="invalid_token"/)
  })

  await t.test('RSA, Ed25519 and a certificate with 60 names each pass with a token of their own, and not with another\'s', async () => {
    for (const certificate of moreCertificates) {
      const own = await token(stage, certificate, 'accounts')
      const { status, body } = await send(certificate, own)
      assert.deepEqual([status, JSON.parse(body).certificate], [200, certificate.thumbprint])
      assert.equal((await send(partner, own)).status, 401, 'shown with the partner\'s first certificate')
      assert.equal((await send(certificate)).status, 401, 'with the token of the partner\'s first certificate')
    }
  })
})
