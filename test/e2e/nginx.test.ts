import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { findNginx } from '../../examples/demo/front-nginx.ts'
import { createClientCertificate, type ClientCertificate } from '../../examples/demo/pki.ts'
import { request, type Response } from '../../examples/demo/request.ts'
import { setStage, type Stage } from '../../examples/demo/stage.ts'
import { token } from '../../examples/demo/story.ts'
import { exchangeOn } from '../certificate/raw-exchange.ts'
import { requires } from './requires.ts'

test('through a real nginx with tokens of a real authorization server', requires({ nginx: findNginx() }), async (t) => {
  const moreCertificates = await otherKinds()
  const stage = await setStage({ front: 'nginx', moreCertificates })
  t.after(() => stage.close())
  const { partner, thief, front, ca } = stage
  const good = await token(stage, partner, 'accounts')
  const send = async (who: ClientCertificate | null, headers: Record<string, string | string[]> = {}): Promise<Response> =>
    await request({ url: `${front.url}/accounts`, ca, ...(who === null ? {} : { certificate: who.certificate, key: who.key }), headers: { authorization: `Bearer ${good}`, ...headers } })

  await t.test('200 for the owner, and the handler knows whom it serves', async () => {
    const { status, body } = await send(partner)
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(body), { client: 'partner', certificate: partner.thumbprint })
  })

  await t.test('401 invalid_token for everybody else', async () => {
    const sameName = await createClientCertificate('partner')
    for (const who of [thief, sameName, null]) {
      const { status, headers } = await send(who)
      assert.equal(status, 401)
      assert.match(String(headers['www-authenticate']), /error="invalid_token"/)
    }
  })

  await t.test('RSA, Ed25519 and a certificate with 60 names each pass with a token of their own, and not with another\'s', async () => {
    for (const certificate of moreCertificates) {
      const own = { authorization: `Bearer ${await token(stage, certificate, 'accounts')}` }
      const { status, body } = await send(certificate, own)
      assert.equal(status, 200)
      assert.equal(JSON.parse(body).certificate, certificate.thumbprint)
      assert.equal((await send(partner, own)).status, 401, 'shown with the partner\'s first certificate')
      assert.equal((await send(certificate)).status, 401, 'with the token of the partner\'s first certificate')
    }
  })

  const forgeries: Record<string, Record<string, string | string[]>> = {
    'the same name': { 'X-SSL-Cert': encodeURIComponent(partner.certificate) },
    'another spelling': { 'x-ssl-CERT': encodeURIComponent(partner.certificate) },
    'two lines': { 'X-SSL-Cert': [encodeURIComponent(partner.certificate), encodeURIComponent(partner.certificate)] },
    underscores: { X_SSL_Cert: encodeURIComponent(partner.certificate) },
    'with a verdict': { 'X-SSL-Cert': encodeURIComponent(partner.certificate), 'X-SSL-Verify': 'SUCCESS' },
    'RFC 9440': { 'Client-Cert': `:${partner.der.toString('base64')}:` },
    'hop by hop': { Connection: 'close, X-SSL-Cert, X-SSL-Verify' }
  }
  for (const [name, headers] of Object.entries(forgeries)) {
    await t.test(`a forged header gets nowhere: ${name}`, async () => {
      assert.equal((await send(thief, headers)).status, 401, 'with the thief\'s certificate')
      assert.equal((await send(null, headers)).status, 401, 'without a certificate')
    })
  }

  await t.test('a resumed TLS session keeps the client', async () => {
    const { session, status } = await overTls(stage, partner, good)
    assert.equal(status, 200)
    assert.ok(session)
    const resumed = await overTls(stage, partner, good, session)
    assert.equal(resumed.status, 200)
    assert.ok(resumed.isResumed)
  })
})

async function otherKinds (): Promise<ClientCertificate[]> {
  return [
    await createClientCertificate('rsa', { keyType: 'rsa' }),
    await createClientCertificate('ed25519', { keyType: 'ed25519' }),
    await createClientCertificate('many', { subjectAltNames: Array.from({ length: 60 }, (_, n) => ({ type: 'dns' as const, value: `host-${n}.a-long-name.example.com` })) })
  ]
}

async function overTls ({ front, ca }: Stage, { certificate: cert, key }: ClientCertificate, bearer: string, session?: Buffer): Promise<{ status: number, session: Buffer | undefined, isResumed: boolean }> {
  // TLS 1.2 hands over its session in the handshake, so that there is nothing to wait for.
  const socket: TLSSocket = connectTls({ host: '127.0.0.1', port: front.port, servername: 'localhost', ca, cert, key, maxVersion: 'TLSv1.2', ...(session === undefined ? {} : { session }) })
  await once(socket, 'secureConnect')
  const isResumed = socket.isSessionReused()
  const given = socket.getSession()
  const { status } = await exchangeOn(socket, `GET /accounts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${bearer}\r\nConnection: close\r\n\r\n`)
  return { status, session: given, isResumed }
}
