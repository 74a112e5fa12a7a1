// How it is usually written by hand.

import { createHash, X509Certificate } from 'node:crypto'
import { Redis } from 'ioredis'
import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose'
import forge from 'node-forge'
import { Pool } from 'undici'
import { usualTraffic, type Contender, type Material, type Started, type Traffic } from '../contender.ts'
import { fastifyWith } from './fastify.ts'

type Headers = Readonly<Record<string, unknown>>

function byHand (name: string, traffic: Traffic, start: (material: Material) => Promise<Started>, more: Partial<Contender> = {}): Contender {
  return { name, traffic, isOurs: false, against: 'plain Fastify', ...more, start }
}

const tokenOf = (headers: Headers): string => (headers['authorization'] as string | undefined)?.slice('Bearer '.length) ?? ''
const pemOf = (headers: Headers): string => decodeURIComponent(headers['x-ssl-cert'] as string)

/** jose on every request, as its documentation has it, and whatever is to be compared with the confirmation. */
async function verifying ({ jwks, tokens: { issuer, audience } }: Material, thumbprintOf: ((headers: Headers) => string) | null): Promise<Started> {
  const keys = createLocalJWKSet(jwks)
  return await fastifyWith((app) => {
    app.addHook('onRequest', async ({ headers }) => {
      const { payload } = await jwtVerify(tokenOf(headers), keys, { issuer, audience, typ: 'at+jwt' })
      if (thumbprintOf !== null && confirmationOf(payload) !== thumbprintOf(headers)) throw new Error('not bound')
    })
  })
}

function confirmationOf (payload: JWTPayload): unknown {
  return (payload['cnf'] as Record<string, unknown> | undefined)?.['x5t#S256']
}

function byX509 (headers: Headers): string {
  return createHash('sha256').update(new X509Certificate(pemOf(headers)).raw).digest('base64url')
}

/** The DER is what forge writes, since it does not tell what it has read: right for certificates that are signed by RSA. */
function byForge (headers: Headers): string {
  const certificate = forge.pki.certificateFromPem(pemOf(headers))
  const der = forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes()
  return Buffer.from(forge.md.sha256.create().update(der).digest().getBytes(), 'binary').toString('base64url')
}

const signed: Traffic = { ...usualTraffic, tokens: 'signed' }

export const joseByHand: readonly Contender[] = [
  byHand('jose by hand, no binding', signed, async (material) => await verifying(material, null)),
  byHand('jose and X509Certificate by hand', signed, async (material) => await verifying(material, byX509)),
  byHand('jose and forge by hand', signed, async (material) => await verifying(material, byForge))
]

/** The least that a resource server does for a token that it does not know; nothing is bound, nothing is remembered. */
export const introspectionByHand = byHand('introspection by hand, by undici', usualTraffic, async ({ authorizationServer }) => {
  const pool = new Pool(authorizationServer)
  const authorization = `Basic ${Buffer.from('bench:bench').toString('base64')}`
  return await fastifyWith((app) => {
    app.addHook('onRequest', async ({ headers }) => {
      const { body } = await pool.request({
        path: '/introspect',
        method: 'POST',
        headers: { authorization, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams({ token: tokenOf(headers) }).toString()
      })
      const { active } = await body.json() as { active: boolean }
      if (!active) throw new Error('not active')
    })
  })
})

/** One GET of a value of the usual size, and nothing else: what a Redis costs whoever asks it. */
export const redisByHand = byHand('a GET by hand, by ioredis', usualTraffic, async ({ redis }) => {
  const client = new Redis(redis as string, { enableAutoPipelining: true })
  await client.set('bench', 'v'.repeat(600))
  return await fastifyWith((app) => {
    app.addHook('onRequest', async () => {
      if (await client.get('bench') === null) throw new Error('not there')
    })
  })
}, { needs: 'redis' })
