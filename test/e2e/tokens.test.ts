// Every kind of token that oidc-provider makes, bound to a certificate, at a service that terminates mutual TLS itself.
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { IssuerOptions, JwtOptions } from '../../types/options.ts'
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.ts'
import { startGuardedService, type GuardedService } from './guarded-service.ts'
import { resources, type ResourceName } from './protected-resources.ts'

let server: AuthorizationServer
before(async () => { server = await startAuthorizationServer() })
after(() => server.close())

/** Only the name of the issuer, and what it can't say; where the rest is, its metadata say. */
function issuerFor (resource: ResourceName, more: Partial<IssuerOptions> = {}): IssuerOptions {
  return { issuer: server.issuer, audience: resources[resource], tls: { ca: server.ca }, ...more }
}

/** The owner comes in, also a second time; nobody else does, and the token is nowhere in the log. */
async function letsOnlyTheOwnerIn (service: GuardedService, resource: ResourceName): Promise<void> {
  const { selfSigned, tlsClientAuth } = server.clients
  const token = await server.token('selfSigned', resource)
  for (const round of ['first', 'known']) {
    const { status, claims } = await service.ask(token, selfSigned.certificate)
    assert.equal(status, 200, `${round}: ${service.logged.at(-1)}`)
    assert.equal(claims['client_id'], selfSigned.clientId)
    assert.equal((await service.ask(token, tlsClientAuth.certificate)).status, 401, `${round}: a thief with a certificate of his own`)
    assert.equal((await service.ask(token, null)).status, 401, `${round}: a thief without`)
  }
  const unbound = await server.token('bearer', resource)
  assert.equal((await service.ask(unbound, selfSigned.certificate)).status, 401, 'a token that is bound to nothing')
  assert.ok(!service.logged.join('').includes(token) && !service.logged.join('').includes(unbound))
}

describe('66, 68, 69: JWTs, from the issuer\'s name alone', () => {
  for (const resource of ['ps256', 'es256', 'eddsa', 'ed25519', 'rs256'] as const) {
    test(resource, async (t) => {
      await letsOnlyTheOwnerIn(await startGuardedService(t, server.pki, [issuerFor(resource)]), resource)
    })
  }

  test('with the profile fapi ES256 is taken and RS256 is not', async (t) => {
    const service = await startGuardedService(t, server.pki, [issuerFor('es256', { jwt: { profile: 'fapi' } })])
    await letsOnlyTheOwnerIn(service, 'es256')
    const { status } = await service.ask(await server.token('selfSigned', 'rs256'), server.clients.selfSigned.certificate)
    assert.equal(status, 401)
    assert.match(service.logged.join(''), /`alg` is not allowed/)
  })

  test('a token for another API, and an opaque one, are refused', async (t) => {
    const service = await startGuardedService(t, server.pki, [issuerFor('ps256')])
    for (const [resource, reason] of [['es256', 'token_audience_mismatch'], ['opaque', 'token_invalid']] as const) {
      assert.equal((await service.ask(await server.token('selfSigned', resource), server.clients.selfSigned.certificate)).status, 401)
      assert.ok(service.logged.some((line) => line.includes(reason)), reason)
    }
    assert.equal(server.counts.introspection, 0)
  })
})

describe('encrypted JWTs', () => {
  const agreed = { rsaOaep: 'RSA-OAEP-256', ecdhEs: 'ECDH-ES', aesKw: 'A256KW', dir: 'dir' } as const

  function decryptionOf (key: keyof typeof agreed, more: Partial<NonNullable<JwtOptions['decryption']>> = {}): JwtOptions {
    const pem = { pem: server.decryptionKeys[key].key.type === 'private' ? server.decryptionKeys[key].key.export({ type: 'pkcs8', format: 'pem' }) as string : '' }
    const jwk = { jwk: server.decryptionKeys[key].jwk as { kty: string } }
    return { decryption: { keys: [pem.pem === '' ? jwk : pem], keyManagementAlgorithms: [agreed[key]], ...more } }
  }

  for (const resource of ['rsaOaep', 'ecdhEs', 'aesKw', 'dir'] as const) {
    test(`${agreed[resource]}, signed inside`, async (t) => {
      await letsOnlyTheOwnerIn(await startGuardedService(t, server.pki, [issuerFor(resource, { jwt: decryptionOf(resource) })]), resource)
    })
  }

  test('S-23: one that is not signed is taken only where the operator says so', async (t) => {
    const { certificate } = server.clients.selfSigned
    const strict = await startGuardedService(t, server.pki, [issuerFor('unsigned', { jwt: decryptionOf('dir') })])
    assert.equal((await strict.ask(await server.token('selfSigned', 'unsigned'), certificate)).status, 401)
    assert.match(strict.logged.join(''), /it is encrypted and not signed/)
    const told = await startGuardedService(t, server.pki, [issuerFor('unsigned', { jwt: decryptionOf('dir', { allowUnsigned: true }) })])
    await letsOnlyTheOwnerIn(told, 'unsigned')
  })

  test('129: a plain JWT is refused where encryption was agreed, unless both are', async (t) => {
    const { certificate } = server.clients.selfSigned
    const token = await server.token('selfSigned', 'es256')
    const strict = await startGuardedService(t, server.pki, [issuerFor('es256', { jwt: decryptionOf('dir') })])
    assert.equal((await strict.ask(token, certificate)).status, 401)
    const both = await startGuardedService(t, server.pki, [issuerFor('es256', { jwt: decryptionOf('dir', { required: false }) })])
    assert.equal((await both.ask(token, certificate)).status, 200)
  })
})

describe('a key that is rotated', () => {
  async function scene (t: TestContext) {
    const own = await startAuthorizationServer(t)
    const service = await startGuardedService(t, own.pki, [{ issuer: own.issuer, audience: resources.es256, tls: { ca: own.ca } }])
    const { certificate } = own.clients.selfSigned
    const status = async (token: string) => (await service.ask(token, certificate)).status
    return { own, service, status }
  }

  test('is followed, and a token of the old one goes on while it is published', async (t) => {
    const { own, status } = await scene(t)
    const old = await own.token('selfSigned', 'es256')
    assert.equal(await status(old), 200)
    await own.rotateKeys({ keepOld: true })
    const fetched = own.counts.jwks
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 })
    assert.equal(await status(await own.token('selfSigned', 'es256')), 200)
    assert.equal(own.counts.jwks, fetched + 1)
    assert.equal(await status(old), 200)
  })

  test('and withdrawn ends the tokens that it signed, known ones too', async (t) => {
    const { own, status } = await scene(t)
    const old = await own.token('selfSigned', 'es256')
    assert.equal(await status(old), 200)
    await own.rotateKeys()
    assert.equal(await status(old), 200, 'nobody has looked yet')
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 })
    assert.equal(await status(await own.token('selfSigned', 'es256')), 200)
    assert.equal(await status(old), 401)
  })

  test('during an outage known keys go on, and an unknown one is nobody\'s fault', async (t) => {
    const { own, status } = await scene(t)
    const [first, second] = [await own.token('selfSigned', 'es256'), await own.token('selfSigned', 'es256')]
    assert.equal(await status(first), 200)
    await own.rotateKeys()
    const unknown = await own.token('selfSigned', 'es256')
    await own.pause()
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 20_000 })
    assert.deepEqual([await status(first), await status(second), await status(unknown)], [200, 200, 503])
    await own.resume()
    t.mock.timers.setTime(Date.now() + 60_000)
    assert.equal(await status(unknown), 200)
  })
})
