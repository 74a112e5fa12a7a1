// Every way to ask oidc-provider about a token, and every form of its answer.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ClientAuthOptions, IssuerOptions } from '../../types/options.ts'
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.ts'
import { startGuardedService, type GuardedService } from './guarded-service.ts'
import { resources } from './protected-resources.ts'
import type { Introspectors } from './registered-clients.ts'

let server: AuthorizationServer
before(async () => { server = await startAuthorizationServer() })
after(() => server.close())

type Parts = Pick<IssuerOptions, 'tls' | 'jwt'> & { readonly clientAuth: ClientAuthOptions }

/** The options of a client that asks, from what it was registered with. */
function parts (client: Introspectors[keyof Introspectors], { ca }: Pick<AuthorizationServer, 'ca'> = server): Parts {
  const { clientId, method } = client
  const tls = { ca }
  if ('privateKey' in client) {
    return { tls, clientAuth: { method, clientId, key: { pem: client.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, kid: client.kid } } }
  }
  if ('certificate' in client) return { tls: { ca, certificate: client.certificate.certificate, key: client.certificate.key }, clientAuth: { method, clientId } }
  const jwt = 'decryptionKey' in client
    ? {
        jwt: {
          decryption: {
            keys: [{ pem: client.decryptionKey.export({ type: 'pkcs8', format: 'pem' }) as string, kid: client.kid }],
            keyManagementAlgorithms: [client.decryptionKey.asymmetricKeyType === 'rsa' ? 'RSA-OAEP-256' as const : 'ECDH-ES' as const]
          }
        }
      }
    : {}
  return { tls, clientAuth: { method, clientId, clientSecret: client.secret }, ...jwt }
}

function issuerFor (name: keyof Introspectors, introspection: Partial<IssuerOptions['introspection']> = {}): IssuerOptions {
  const { clientAuth, ...more } = parts(server.introspectors[name])
  return { issuer: server.issuer, audience: resources.opaque, ...more, introspection: { clientAuth, cacheControl: 'ignore', ...introspection } }
}

async function letsOnlyTheOwnerIn (service: GuardedService, from = server): Promise<void> {
  const { selfSigned, tlsClientAuth } = from.clients
  const token = await from.token('selfSigned', 'opaque')
  const asked = from.counts.introspection
  const { status, claims } = await service.ask(token, selfSigned.certificate)
  assert.equal(status, 200, service.logged.at(-1))
  assert.equal(claims['client_id'], selfSigned.clientId)
  assert.equal((await service.ask(token, tlsClientAuth.certificate)).status, 401)
  assert.equal((await service.ask(token, null)).status, 401)
  assert.equal(from.counts.introspection, asked + 1)
  await from.revoke('selfSigned', token)
  assert.equal((await service.ask(await from.token('selfSigned', 'opaque'), selfSigned.certificate)).status, 200, 'another one, with a new proof of who asks')
  service.app.boundToken.evict({ all: true })
  assert.equal((await service.ask(token, selfSigned.certificate)).status, 401, 'revoked')
}

describe('S-31, 35, 36, 37, 38, 39: client authentication', () => {
  for (const name of ['secretBasic', 'awkwardBasic', 'secretPost', 'secretJwt', 'privateKeyJwtEs256', 'privateKeyJwtPs256', 'tlsClientAuth', 'selfSigned'] as const) {
    test(name, async (t) => {
      await letsOnlyTheOwnerIn(await startGuardedService(t, server.pki, [issuerFor(name)]))
    })
  }

  test('80, 82: with a certificate the alias for mutual TLS is asked, and only then', async (t) => {
    const own = await startAuthorizationServer(t, { mtlsAliases: true })
    const origins = [new URL(own.tokenEndpoint).origin]
    const service = async (name: keyof Introspectors) => {
      const { clientAuth, ...more } = parts(own.introspectors[name], own)
      return await startGuardedService(t, own.pki, [{
        issuer: own.issuer, audience: resources.opaque, ...more, discovery: { origins }, introspection: { clientAuth, cacheControl: 'ignore' }
      }])
    }
    for (const name of ['tlsClientAuth', 'selfSigned', 'secretBasic'] as const) await letsOnlyTheOwnerIn(await service(name), own)
  })

  test('our wrong secret is 500, and not the client\'s fault', async (t) => {
    const service = await startGuardedService(t, server.pki, [issuerFor('secretBasic', {
      clientAuth: { method: 'client_secret_basic', clientId: server.introspectors.secretBasic.clientId, clientSecret: 'wrong' }
    })])
    assert.equal((await service.ask(await server.token('selfSigned', 'opaque'), server.clients.selfSigned.certificate)).status, 500)
  })
})

describe('140, 141, 142, 143, 144, 145, 147, 150: signed answers (RFC 9701)', () => {
  for (const name of ['signedEs256', 'signedPs256', 'encryptedEcdhEs', 'encryptedRsaOaep'] as const) {
    test(name, async (t) => {
      await letsOnlyTheOwnerIn(await startGuardedService(t, server.pki, [issuerFor(name, { response: 'signed' })]))
    })
  }

  test('148: an answer that is encrypted for somebody else is unusable', async (t) => {
    const { clientAuth } = parts(server.introspectors.encryptedEcdhEs)
    const { jwt } = parts(server.introspectors.encryptedRsaOaep)
    assert.ok(jwt)
    const service = await startGuardedService(t, server.pki, [{ ...issuerFor('encryptedEcdhEs', { response: 'signed', clientAuth }), jwt }])
    assert.equal((await service.ask(await server.token('selfSigned', 'opaque'), server.clients.selfSigned.certificate)).status, 502)
  })
})

describe('an issuer with both kinds of tokens', () => {
  test('S-24: each goes where its shape says; a JWT that fails is never asked for', async (t) => {
    const issuer = issuerFor('secretBasic')
    const service = await startGuardedService(t, server.pki, [{ ...issuer, audience: [resources.opaque, resources.es256], jwt: {} }])
    const { certificate } = server.clients.selfSigned
    const [opaque, jwt] = [await server.token('selfSigned', 'opaque'), await server.token('selfSigned', 'es256')]
    const asked = server.counts.introspection
    assert.equal((await service.ask(jwt, certificate)).status, 200)
    const [header, payload, signature] = jwt.split('.') as [string, string, string]
    for (const mangled of [`${header}.${payload}.${signature.replace(/^./, (first) => first === 'A' ? 'B' : 'A')}`, `${header}.${payload}.`, `x${header}.${payload}.${signature}`]) {
      assert.equal((await service.ask(mangled, certificate)).status, 401)
    }
    assert.equal(server.counts.introspection, asked)
    assert.equal((await service.ask(opaque, certificate)).status, 200)
    assert.equal(server.counts.introspection, asked + 1)
  })

  test('55, I5: this server refuses to explain its own JWTs: 502, and no verdict on the token', async (t) => {
    const service = await startGuardedService(t, server.pki, [{ ...issuerFor('secretBasic'), audience: resources.es256, verify: 'introspection' }])
    assert.equal((await service.ask(await server.token('selfSigned', 'es256'), server.clients.selfSigned.certificate)).status, 502)
  })

  test('this server forbids to remember its answers; unless told otherwise that counts, and is said once', async (t) => {
    const service = await startGuardedService(t, server.pki, [issuerFor('secretBasic', { cacheControl: 'honour' })])
    const { certificate } = server.clients.selfSigned
    const token = await server.token('selfSigned', 'opaque')
    const asked = server.counts.introspection
    for (let i = 0; i < 3; i++) assert.equal((await service.ask(token, certificate)).status, 200)
    assert.equal(server.counts.introspection, asked + 3)
    assert.equal(service.logged.filter((line) => line.includes('forbid to be remembered')).length, 1)
  })
})
