import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken from '../../lib/index.ts'
import type { Decision } from '../../types/decision.ts'
import type { CertificateOptions } from '../../types/options.ts'
import type { ClientCertificate, Pki } from '../../examples/demo/pki.ts'
import { exchangeOn } from '../certificate/raw-exchange.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'

export interface Visit {
  /** Whose token is shown; the client's own where nobody is named. */
  readonly tokenOf?: ClientCertificate
  /** Further header lines as they stand on the wire, each with its end. */
  readonly lines?: string
  readonly trailers?: string
  /** `/self-signed` takes certificates without a verdict. */
  readonly path?: '/' | '/self-signed'
  readonly session?: Buffer
  /** Who is refused in a handshake of 1.3 learns it only afterwards, and may lose the alert to the reset that follows: use 1.2. */
  readonly tls?: 'TLSv1.2' | 'TLSv1.3'
}

export interface Outcome {
  /** `taken`, the reason of the plugin, or who refused it before: `proxy: <status>`, `proxy: HTTP/2 error`, `tls: <alert>`. */
  readonly verdict: string
  /** The certificate that the handler was told of. */
  readonly thumbprint: string | null
  /** The lines that arrived behind the proxy, `Name: value`. */
  readonly arrived: readonly string[]
  readonly session: Buffer | undefined
  readonly isResumed: boolean
}

/** A service behind a proxy, where every token is a JWT bound to a certificate. */
export interface Service {
  readonly port: number
  /** One request to the proxy at this port, by HTTP/1.1 and on a connection of its own. */
  visit (proxyPort: number, who: ClientCertificate | null, visit?: Visit): Promise<Outcome>
  /** The same by HTTP/2. */
  visitByHttp2 (proxyPort: number, who: ClientCertificate | null, tokenOf: ClientCertificate, headers?: Record<string, string | string[]>, trailers?: Record<string, string>): Promise<Outcome>
}

export async function startService (t: TestContext, pki: Pki, certificate: CertificateOptions): Promise<Service> {
  const issuer = jwtIssuer()
  const tokenFor = async ({ thumbprint }: ClientCertificate): Promise<string> => await issuer.issue({ cnf: { 'x5t#S256': thumbprint } })
  let decisions: Decision[] = []
  let arrived: string[] = []
  const listener = (decision: unknown): void => { decisions.push(decision as Decision) }
  subscribe('fastify-bound-token:decision', listener)
  t.after(() => unsubscribe('fastify-bound-token:decision', listener))

  const app = Fastify({ forceCloseConnections: true }) as FastifyInstance
  t.after(() => app.close())
  app.addHook('onRequest', async ({ raw: { rawHeaders } }) => {
    arrived = rawHeaders.flatMap((name, index) => index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : [])
  })
  app.addContentTypeParser('*', (_request, payload, done) => payload.resume().on('end', () => done(null)))
  await app.register(boundToken, { certificate: { trustedProxies: ['127.0.0.1'], ...certificate }, issuers: [issuer.options()] })
  const handler = async (request: { clientCertificate: { thumbprint: string } | null }): Promise<string | undefined> => request.clientCertificate?.thumbprint
  app.route({ method: ['GET', 'POST'], url: '/', handler })
  app.get('/self-signed', { config: { boundToken: { certificate: { trustedProxies: ['127.0.0.1'], ...certificate, verified: false } } } }, handler)
  await app.listen({ host: '127.0.0.1', port: 0 })

  async function outcome (exchange: () => Promise<{ status: number, body: string, session?: Buffer | undefined, isResumed?: boolean }>): Promise<Outcome> {
    decisions = []
    arrived = []
    try {
      const { status, body, session, isResumed = false } = await exchange()
      const decision = decisions.at(-1)
      const verdict = decision === undefined ? `proxy: ${status}` : decision.reason ?? 'taken'
      return { verdict, thumbprint: status === 200 ? body : null, arrived, session, isResumed }
    } catch (error) {
      if (/^ERR_HTTP2_(?:SESSION|STREAM)_ERROR$/.test(String((error as NodeJS.ErrnoException).code))) {
        return { verdict: 'proxy: HTTP/2 error', thumbprint: null, arrived, session: undefined, isResumed: false }
      }
      // Versions of OpenSSL differ in what stands before the alert.
      const alert = String((error as NodeJS.ErrnoException).code).replace(/^ERR_SSL_.*_ALERT_/, '')
      return { verdict: `tls: ${alert}`, thumbprint: null, arrived, session: undefined, isResumed: false }
    }
  }

  return {
    port: (app.server.address() as AddressInfo).port,

    async visit (proxyPort, who, { tokenOf = who, lines = '', trailers, path = '/', session, tls = 'TLSv1.3' } = {}) {
      if (tokenOf === null) throw new TypeError('whose token?')
      const authorization = `Authorization: Bearer ${await tokenFor(tokenOf)}\r\n`
      const request = trailers === undefined
        ? `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}${lines}Connection: close\r\n\r\n`
        : `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}${lines}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n${trailers}\r\n`
      return await outcome(async () => {
        const socket = connectTls({
          host: '127.0.0.1',
          port: proxyPort,
          servername: 'localhost',
          ca: pki.ca,
          minVersion: tls,
          maxVersion: tls,
          ...who !== null && { cert: who.certificate, key: who.key },
          ...session !== undefined && { session }
        })
        // Of TLS 1.3 there may be several, and the last is the one to use.
        let latest: Buffer | undefined
        socket.on('session', (given: Buffer) => { latest = given })
        await once(socket, 'secureConnect')
        const isResumed = socket.isSessionReused()
        const { status, body } = await exchangeOn(socket, request)
        return { status, body: dechunked(body), session: latest, isResumed }
      })
    },

    async visitByHttp2 (proxyPort, who, tokenOf, headers = {}, trailers) {
      const authorization = `Bearer ${await tokenFor(tokenOf)}`
      return await outcome(async () => {
        const client = connectHttp2(`https://localhost:${proxyPort}`, { ca: pki.ca, family: 4, ...who !== null && { cert: who.certificate, key: who.key } } as object)
        try {
          const body = trailers === undefined ? {} : { ':method': 'POST', 'content-type': 'text/plain' }
          const stream = client.request({ ':path': '/', ...body, authorization, ...headers }, { waitForTrailers: trailers !== undefined })
          stream.on('wantTrailers', () => stream.sendTrailers(trailers as Record<string, string>))
          if (trailers !== undefined) stream.end('a')
          const [response] = await Promise.race([once(stream, 'response'), once(client, 'error').then(([error]) => { throw error })])
          return { status: Number(response[':status']), body: await text(stream) }
        } finally {
          client.close()
        }
      })
    }
  }
}

/** Some proxies send the body of a short answer on in chunks. */
function dechunked (body: string): string {
  return /^[0-9a-f]+\r\n(.*)\r\n$/s.exec(body)?.[1] ?? body
}
