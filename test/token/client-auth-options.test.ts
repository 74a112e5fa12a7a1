// Each client authentication with all that it needs, and nothing that it would silently ignore.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { IssuerOptions } from '../../lib/options.ts'
import { compiled } from './resolver-at.ts'

type ClientAuth = NonNullable<IssuerOptions['introspection']>['clientAuth']

const clientId = 'api'
const clientSecret = 'a secret of the client, 32 bytes or more'
const short = 'x'.repeat(31)
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = ec.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const publicPem = ec.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const publicJwk = ec.publicKey.export({ format: 'jwk' }) as { kty: string }
const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const secrets = [clientSecret, short, pem.split('\n')[1] as string, rsa1024.split('\n')[1] as string]

/** @param message - what follows the path of `clientAuth` */
function stops (name: string, clientAuth: ClientAuth, message: RegExp, under = 'options.issuers[0].introspection.clientAuth'): void {
  test(`${name} stops the boot, and no secret stands in the error`, async () => {
    const options: IssuerOptions = { issuer: 'https://login.example.com', audience: 'rs', introspection: { endpoint: 'https://login.example.com/introspect', clientAuth } }
    await assert.rejects(compiled(options, 'options.issuers[0]'), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS', String(error.stack))
      assert.ok(error.message.startsWith(under), error.message)
      assert.match(error.message.slice(under.length), message)
      const text = `${error.message} ${error.stack} ${JSON.stringify(error)}`
      for (const secret of secrets) assert.equal(text.includes(secret), false)
      return true
    })
  })
}

stops('client_secret_basic without secret', { method: 'client_secret_basic', clientId }, /^\.clientSecret: missing; client_secret_basic needs it$/)
stops('client_secret_basic without client', { method: 'client_secret_basic', clientSecret }, /^\.clientId: missing/)
stops('client_secret_jwt without secret', { method: 'client_secret_jwt', clientId }, /^\.clientSecret: missing/)
stops('client_secret_jwt with a short secret', { method: 'client_secret_jwt', clientId, clientSecret: short },
  /^\.clientSecret: found a secret of 31 bytes; allowed: a secret of at least 32 bytes$/)
stops('client_secret_jwt with a secret too short for its algorithm', { method: 'client_secret_jwt', clientId, clientSecret, algorithm: 'HS512' },
  /^\.algorithm: found HS512, which the key does not fit; allowed: HS256$/)
stops('client_secret_jwt with a public algorithm', { method: 'client_secret_jwt', clientId, clientSecret, algorithm: 'RS256' }, /^\.algorithm: found RS256/)
stops('client_secret_jwt with a key', { method: 'client_secret_jwt', clientId, clientSecret, key: { pem } }, /^\.key: has no meaning with client_secret_jwt; allowed: no key$/)
stops('private_key_jwt without key', { method: 'private_key_jwt', clientId }, /^\.key: missing; private_key_jwt needs it$/)
stops('private_key_jwt without client', { method: 'private_key_jwt', key: { pem } }, /^\.clientId: missing/)
stops('private_key_jwt with a secret', { method: 'private_key_jwt', clientId, key: { pem }, clientSecret }, /^\.clientSecret: has no meaning/)
stops('private_key_jwt with a symmetric algorithm', { method: 'private_key_jwt', clientId, key: { pem }, algorithm: 'HS256' }, /^\.algorithm: found HS256, which the key does not fit; allowed: ES256$/)
stops('private_key_jwt with an algorithm of another key', { method: 'private_key_jwt', clientId, key: { pem }, algorithm: 'PS256' }, /^\.algorithm: found PS256/)
stops('private_key_jwt with a public key', { method: 'private_key_jwt', clientId, key: { pem: publicPem } },
  /^\.key\.pem: found PEM that says PUBLIC KEY; allowed: a private key in PEM, not encrypted; \{ file \} for a path$/)
stops('private_key_jwt with a public JWK', { method: 'private_key_jwt', clientId, key: { jwk: publicJwk } }, /^\.key\.jwk: found a JWK that is no private key/)
stops('private_key_jwt with a secret JWK', { method: 'private_key_jwt', clientId, key: { jwk: { kty: 'oct', k: 'x'.repeat(43) } as { kty: string } } }, /^\./)
stops('private_key_jwt with 1024 bits', { method: 'private_key_jwt', clientId, key: { pem: rsa1024 } }, /^\.key: found an RSA key of 1024 bits; allowed: /)
stops('private_key_jwt with two keys', { method: 'private_key_jwt', clientId, key: { pem, jwk: { kty: 'EC' } } }, /^\.key: found pem and jwk; allowed: one of pem, jwk, pkcs12$/)
stops('private_key_jwt with no key in its key', { method: 'private_key_jwt', clientId, key: {} }, /^\.key: found no key; allowed: one of pem, jwk, pkcs12$/)
stops('private_key_jwt with the PEM of something else', { method: 'private_key_jwt', clientId, key: { pem: pem.replace('PRIVATE', 'PUBLIC') } }, /^\.key\.pem: found PEM that says PUBLIC KEY/)
stops('tls_client_auth without certificate', { method: 'tls_client_auth', clientId }, /^\.tls\.certificate: missing; tls_client_auth needs it, and its key$/, 'options.issuers[0]')
stops('tls_client_auth with a secret', { method: 'tls_client_auth', clientId, clientSecret }, /^\.clientSecret: has no meaning with tls_client_auth; allowed: no clientSecret$/)
stops('self_signed_tls_client_auth without client', { method: 'self_signed_tls_client_auth' }, /^\.clientId: missing/)
stops('bearer without token', { method: 'bearer' }, /^\.token: missing; bearer needs it$/)
stops('bearer with a secret', { method: 'bearer', token: 'x', clientSecret }, /^\.clientSecret: has no meaning/)
stops('none with a secret', { method: 'none', clientSecret }, /^\.clientSecret: has no meaning with none/)
stops('none with a token', { method: 'none', token: 'x' }, /^\.token: has no meaning with none/)
stops('an algorithm for client_secret_post', { method: 'client_secret_post', clientId, clientSecret, algorithm: 'HS256' },
  /^\.algorithm: has no meaning with client_secret_post; allowed: no algorithm$/)
