// What a run needs beside its contenders: a certificate, keys, tokens, and servers in processes of their own.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { redisServer, startRedis } from '../e2e/redis-server.ts'
import { readAgain } from '../read-again.ts'
import { startChild, type Child } from './child.ts'
import { usualTraffic, type Material } from './contender.ts'
import { claimsOf, type TokenMaterial } from './tokens.ts'

/** Milliseconds for a process to start. */
export const startLimit = 60_000
const lifetime = 7200

export interface Scene {
  readonly material: Material
  readonly load: Child
  readonly authorizationServer: Child
  close (): Promise<void>
}

/** @param needsRedis - whether some contender does; it is started only then, and only where there is one */
export async function setScene (needsRedis: boolean): Promise<Scene> {
  // A certificate of 2048 bits with a few names, signed by RSA as those of banks are.
  const pki = await createPki('rsa')
  const certificate = await createClientCertificate('partner.example.com', {
    issuer: pki,
    keyType: 'rsa',
    subjectAltNames: Array.from({ length: 8 }, (_, n) => ({ type: 'dns' as const, value: `service-${n}.partner.example.com` }))
  })
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const [publicKey, privateKey] = [readAgain(keys.publicKey), readAgain(keys.privateKey)]
  const issuedAt = Math.floor(Date.now() / 1000)
  const unsigned = {
    issuer: 'https://login.example.com',
    audience: 'https://api.example.com',
    thumbprint: certificate.thumbprint,
    issuedAt,
    expiresAt: issuedAt + lifetime,
    seed: randomBytes(16).toString('hex'),
    secret: randomBytes(32).toString('base64url'),
    signed: []
  }
  const signed = await Promise.all(Array.from({ length: usualTraffic.known }, async () =>
    await new SignJWT(claimsOf(randomBytes(16).toString('base64url'), unsigned)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' }).sign(privateKey)))
  const tokens: TokenMaterial = { ...unsigned, signed }
  const jwks = { keys: [{ ...await exportJWK(publicKey), kid: 'bench', alg: 'RS256', use: 'sig' }] }

  const start = (name: string, file: string): Child => startChild({ name, file: new URL(file, import.meta.url) })
  const load = start('load generator', 'load.ts')
  const authorizationServer = start('authorization server', 'authorization-server.ts')
  const upstream = start('upstream', 'upstream.ts')
  const redis = needsRedis && redisServer !== null ? await startRedis() : null
  const [authorizationServerAt, upstreamAt] = await Promise.all([
    authorizationServer.ask<{ url: string }>({ material: { ...tokens, signed: [] }, jwks }, startLimit),
    upstream.ask<{ url: string }>({}, startLimit),
    load.ask({ material: tokens }, startLimit)
  ])
  const base64 = certificate.der.toString('base64')

  return {
    load,
    authorizationServer,
    material: {
      tokens: { ...tokens, signed: [] },
      publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
      jwks,
      ca: pki.ca,
      headers: {
        'user-agent': 'partner-client/4.2 node/22.20',
        accept: 'application/json',
        'accept-encoding': 'gzip, br',
        'x-request-id': '0b6f7a2e-5d1c-4f0e-9a57-2f6f3f0f9d11',
        'x-forwarded-for': '198.51.100.7',
        'x-forwarded-proto': 'https'
      },
      certificateHeaders: {
        'url-pem': { 'x-ssl-cert': encodeURIComponent(certificate.certificate), 'x-ssl-verify': 'SUCCESS' },
        'base64-der': { 'x-ssl-cert': base64, 'x-ssl-verify': '0' },
        rfc9440: { 'client-cert': `:${base64}:` }
      },
      upstream: upstreamAt.url,
      authorizationServer: authorizationServerAt.url,
      redis: redis?.url ?? null
    },
    async close () {
      await Promise.all([load, authorizationServer, upstream].map(async (each) => await each.end()))
      await redis?.close()
    }
  }
}
