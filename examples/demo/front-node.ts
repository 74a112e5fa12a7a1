// Stands in for nginx or HAProxy where there is none: the same headers, byte for byte. For demos and tests, not for production.

import * as http from 'node:http'
import * as https from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { pipeline } from 'node:stream/promises'
import { forbiddenToClients, withDashes } from './front.ts'
import type { Front, FrontOptions } from './front.ts'
import { listen } from './listen.ts'

// What `optional_no_ca` of nginx lets through: an unknown issuer, nothing else. The texts are OpenSSL's.
const issuerProblems = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'],
  ['CERT_UNTRUSTED', 'certificate not trusted']
])

const hopByHop = [
  'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'
]

interface Presented {
  readonly certificate: X509Certificate | null
  readonly verdict: string
}

export interface NodeFrontOptions extends FrontOptions {
  /** Default: any that is free. */
  readonly port?: number
  /** How the certificate is written. Default: as nginx escapes it. */
  readonly write?: (certificate: X509Certificate) => string
  /** Further headers to set; nobody else gets one through under these names. */
  readonly headers?: Readonly<Record<string, string>>
  /** PEM of who may sign clients, where only those that are verified get through. Default: everybody gets through. */
  readonly onlyFrom?: string
  /** For TLS to the service. */
  readonly toService?: { readonly ca: string, readonly cert: string, readonly key: string }
}

// This PEM is OpenSSL's: 64 columns, a newline at the end. Of its characters, nginx escapes the same ones.
const escaped = (certificate: X509Certificate): string => encodeURIComponent(certificate.toString())

export async function startNodeFront (options: NodeFrontOptions): Promise<Front> {
  const { pki, target, certificateHeader = 'X-SSL-Cert', verifyHeader = 'X-SSL-Verify', write = escaped, onlyFrom, toService } = options
  const ours = Object.entries(options.headers ?? {}).flat()
  const forbidden = new Set([...forbiddenToClients(certificateHeader, verifyHeader), ...Object.keys(options.headers ?? {}).map(withDashes)])

  const server = https.createServer({
    cert: pki.server.certificate,
    key: pki.server.key,
    ca: onlyFrom ?? pki.ca,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    maxHeaderSize: 64 * 1024
  }, (incoming, answer) => {
    const presented = inspect(incoming.socket as TLSSocket)
    if (presented === null || (onlyFrom !== undefined && presented.verdict !== 'SUCCESS')) {
      refuse(answer, 400)
      return
    }
    const headers = endToEnd(incoming.rawHeaders, forbidden)
    if (presented.certificate !== null) headers.push(certificateHeader, write(presented.certificate))
    // A service that refuses early and closes would reset the connection before its answer is read.
    headers.push(verifyHeader, presented.verdict, ...ours, 'Connection', 'keep-alive', ...framing(incoming))
    const onward = { ...target, host: '127.0.0.1', agent: false as const, method: incoming.method, path: incoming.url, headers }
    forward(incoming, answer, toService === undefined ? http.request(onward) : https.request({ ...onward, ...toService }))
  })

  const { port, close } = await listen(server, options.port)
  return { kind: 'node', url: `https://localhost:${port}`, port, close }
}

function inspect (socket: TLSSocket): Presented | null {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { certificate: null, verdict: 'NONE' }

  if (socket.authorized) return { certificate, verdict: 'SUCCESS' }

  const problem = issuerProblems.get(String(socket.authorizationError))
  return problem === undefined ? null : { certificate, verdict: `FAILED:${problem}` }
}

/** The header lines as they came, without those of the connection and those that `forbidden` names. */
function endToEnd (rawHeaders: readonly string[], forbidden: ReadonlySet<string> = new Set()): string[] {
  const lines: Array<[name: string, value: string]> = []
  for (let n = 0; n < rawHeaders.length; n += 2) lines.push([rawHeaders[n] ?? '', rawHeaders[n + 1] ?? ''])

  const listed = lines.filter(([name]) => name.toLowerCase() === 'connection').flatMap(([, value]) => value.split(','))
  const connection = new Set([...hopByHop, ...listed.map((name) => name.trim().toLowerCase())])
  return lines.filter(([name]) => !connection.has(name.toLowerCase()) && !forbidden.has(withDashes(name))).flat()
}

// Left alone, Node would send chunks for a POST without a body, and no framing at all for a GET with one.
function framing ({ headers, method }: IncomingMessage): string[] {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked']
  const hasLength = headers['content-length'] !== undefined
  return hasLength || method === 'GET' || method === 'HEAD' ? [] : ['Content-Length', '0']
}

function forward (incoming: IncomingMessage, answer: ServerResponse, outgoing: http.ClientRequest): void {
  outgoing.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, endToEnd(response.rawHeaders))
    // When one side breaks off, pipeline ends the other one as well: there is nothing more to tell the client.
    pipeline(response, answer).catch(() => {})
  })
  // After the response has begun, pipeline sees to it.
  outgoing.on('error', () => answer.headersSent || answer.destroyed || refuse(answer, 502))
  answer.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

function refuse (answer: ServerResponse, status: 400 | 502): void {
  answer.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
  answer.end(`${status} ${http.STATUS_CODES[status]}\n`)
}
