// Applications to start in processes of their own, as the options of each.

import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { createClientCertificate, createPki } from '../examples/demo/pki.ts'
import type { FastifyBoundTokenOptions } from '../types/options.ts'
import { signingKey } from './token/signing-key.ts'

export interface Start {
  /** Nothing for plain Fastify. */
  readonly options?: FastifyBoundTokenOptions
  readonly headers: Record<string, string>
}

export interface Started {
  readonly status: number
  /** Milliseconds. */
  readonly times: Readonly<Record<'fastify' | 'plugin' | 'ready' | 'request' | 'all' | 'cpu', number>>
  readonly rss: number
  /** URLs of files. */
  readonly loaded: readonly string[]
}

export interface Starts {
  readonly plain: Start
  readonly opaque: Start
  readonly jwt: Start
  readonly proxied: Start
  readonly everything: Start
  readonly close: () => void
}

const issuer = 'https://login.example.com'
const audience = 'https://api.example.com'
const claims = { iss: issuer, aud: audience, sub: 'alice', client_id: 'partner', scope: 'accounts' }
const secret = 'a-secret-of-the-test-0123456789abcdef'

/** With the authorization server and the upstream that they need. */
export async function coldStarts (): Promise<Starts> {
  const pki = await createPki()
  const client = await createClientCertificate('partner.example.com', { issuer: pki })
  const key = await signingKey('a')
  const cnf = { 'x5t#S256': client.thumbprint }
  const exp = Math.floor(Date.now() / 1000) + 3600
  const authorizationServer = await serverOf(JSON.stringify({ active: true, ...claims, cnf, exp }))
  const upstream = await serverOf('{}')
  const assertionKey = await signingKey('b')

  const proxy = { 'x-ssl-cert': encodeURIComponent(client.certificate), 'x-ssl-verify': 'SUCCESS' }
  const opaqueHeaders = { ...proxy, authorization: 'Bearer an-opaque-token' }
  const jwt = await key.sign({ ...claims, cnf, exp, iat: exp - 3600, jti: '1' })
  const certificate: FastifyBoundTokenOptions['certificate'] = { preset: 'nginx', trustedProxies: ['127.0.0.1'] }
  const jwtIssuer: FastifyBoundTokenOptions['issuers'][number] = { issuer, audience, jwt: { jwks: { keys: [key.jwk() as { kty: string }] } } }
  const endpoint = `${originOf(authorizationServer)}/introspect`
  const opaqueIssuer: FastifyBoundTokenOptions['issuers'][number] = {
    issuer, audience, allowInsecureLoopback: true, introspection: { endpoint, clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: secret } }
  }
  return {
    plain: { headers: opaqueHeaders },
    opaque: { options: { certificate, issuers: [opaqueIssuer] }, headers: opaqueHeaders },
    jwt: { options: { certificate, issuers: [jwtIssuer] }, headers: { ...proxy, authorization: `Bearer ${jwt}` } },
    proxied: { options: { certificate, issuers: [opaqueIssuer], routes: [{ url: '/accounts', upstream: { url: originOf(upstream) } }] }, headers: opaqueHeaders },
    everything: {
      options: {
        certificate: { ...certificate, trust: { ca: pki.ca, revocation: { mode: 'soft', ocsp: { fromCertificates: true }, allowedHosts: ['127.0.0.1'] } }, match: { subject: { CN: 'partner.example.com' } } },
        issuers: [{
          ...jwtIssuer,
          allowInsecureLoopback: true,
          verify: 'introspection',
          introspection: { endpoint, clientAuth: { method: 'private_key_jwt', clientId: 'api', key: { pem: assertionKey.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string } } },
          jwt: {
            keys: [{ pkcs12: { file: 'fixtures/keystores/ec.p12', password: 'fixture-password' } }],
            decryption: { keys: [{ jwk: { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') } }], keyManagementAlgorithms: ['dir'] }
          }
        }],
        // Nobody listens there, and nobody has to.
        cache: { secret, store: { redis: { url: 'redis://127.0.0.1:1' } } },
        revocation: {
          onDisconnect: 'keep',
          webhook: { path: '/events', issuer, audience, jwks: { keys: [key.jwk() as { kty: string }] } },
          websocket: { url: 'ws://127.0.0.1:1', messages: [{ path: 'sub', selects: 'subject' }] }
        },
        probe: { secret },
        claims: { type: 'object', required: ['sub'] },
        routes: [{ url: '/accounts', scopes: ['accounts'], upstream: { url: originOf(upstream) } }]
      },
      headers: opaqueHeaders
    },
    close () {
      for (const server of [authorizationServer, upstream]) server.close()
    }
  }
}

async function serverOf (answer: string): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json').end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function originOf (server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/**
 * Starts one in a process of its own.
 *
 * @param task - what `cold-start.js` is told
 * @param loader - arguments of Node that let it load TypeScript
 */
export async function startCold (task: object, loader: readonly string[] = []): Promise<Started> {
  const { stdout } = await promisify(execFile)(process.execPath, [...loader, new URL('cold-start.js', import.meta.url).pathname, JSON.stringify(task)], { timeout: 60_000 })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as Started
}
