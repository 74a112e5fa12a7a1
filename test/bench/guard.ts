// CPU time a request: plain Fastify against a guarded route with a known token and certificate, both in this process, in
// interleaved rounds, driven by another process over keep-alive connections. The ratio counts; absolute figures are the
// machine's.

import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import boundToken from 'fastify-bound-token'
import { createClientCertificate } from '../../examples/demo/pki.ts'

const rounds = 21
const requestsPerRound = 8000
const tokens = Array.from({ length: 1024 }, () => randomBytes(32).toString('base64url'))
// A certificate of 2048 bits with a few names, and the headers that a client and a proxy send.
const certificate = await createClientCertificate('partner.example.com', {
  keyType: 'rsa',
  subjectAltNames: Array.from({ length: 8 }, (_, n) => ({ type: 'dns' as const, value: `service-${n}.partner.example.com` }))
})
const headers = {
  'user-agent': 'partner-client/4.2 node/22.20',
  accept: 'application/json',
  'accept-encoding': 'gzip, br',
  'x-request-id': '0b6f7a2e-5d1c-4f0e-9a57-2f6f3f0f9d11',
  'x-forwarded-for': '198.51.100.7',
  'x-forwarded-proto': 'https',
  'x-ssl-cert': encodeURIComponent(certificate.certificate),
  'x-ssl-verify': 'SUCCESS'
}

// The real thing is not needed here: after the warm-up nobody asks it.
let introspections = 0
const authorizationServer = createServer((_request, response) => {
  introspections++
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({
    active: true, scope: 'accounts', client_id: 'bench', aud: 'bench', exp: Math.floor(Date.now() / 1000) + 7200, cnf: { 'x5t#S256': certificate.thumbprint }
  }))
}).listen(0, '127.0.0.1')
await once(authorizationServer, 'listening')

// The same handler for both.
const answer = async (): Promise<object> => ({ accounts: [] })

const plain = Fastify()
plain.get('/accounts', answer)

const guarded = Fastify()
await guarded.register(boundToken, {
  certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] },
  issuers: [{
    issuer: 'https://login.example.com',
    audience: 'bench',
    allowInsecureLoopback: true,
    introspection: {
      endpoint: `http://127.0.0.1:${(authorizationServer.address() as AddressInfo).port}/`,
      clientAuth: { method: 'client_secret_basic', clientId: 'bench', clientSecret: 'bench' }
    }
  }],
  cache: { maxTtl: 7_200_000 }
})
guarded.get('/accounts', { config: { boundToken: { scopes: ['accounts'] } } }, answer)

const contenders = {
  plain: await plain.listen({ host: '127.0.0.1', port: 0 }),
  guarded: await guarded.listen({ host: '127.0.0.1', port: 0 })
}
const load = fork(new URL('load.js', import.meta.url), { execArgv: [] })

/** Microseconds of this process's CPU time a request. */
async function measure (name: keyof typeof contenders): Promise<number> {
  const before = process.cpuUsage()
  load.send({ url: contenders[name], count: requestsPerRound, headers, tokens })
  const [refused] = await once(load, 'message') as [number]
  const { user, system } = process.cpuUsage(before)
  if (refused > 0) throw new Error(`${refused} requests to ${name} were refused`)
  return (user + system) / requestsPerRound
}

for (let warmUp = 0; warmUp < 4; warmUp++) {
  await measure('plain')
  await measure('guarded')
}
const asked = introspections
const results: Record<keyof typeof contenders, number[]> = { plain: [], guarded: [] }
for (let round = 0; round < rounds; round++) {
  // Each goes first every other time.
  const order = round % 2 === 0 ? ['plain', 'guarded'] as const : ['guarded', 'plain'] as const
  for (const name of order) results[name].push(await measure(name))
}
if (introspections !== asked) throw new Error('a token was asked for during the measurement')

const ratios = results.plain.map((time, round) => results.guarded[round] as number / time)
const [plainTime, guardedTime] = [median(results.plain), median(results.guarded)]
console.log(`
  node ${process.version}, ${rounds} interleaved rounds of ${requestsPerRound} requests, ${tokens.length} tokens, certificate header of ${headers['x-ssl-cert'].length} characters

  CPU time a request        median      least to most
  plain Fastify          ${microseconds(plainTime)}   ${microseconds(Math.min(...results.plain))} to ${microseconds(Math.max(...results.plain))}
  guarded, all known     ${microseconds(guardedTime)}   ${microseconds(Math.min(...results.guarded))} to ${microseconds(Math.max(...results.guarded))}

  ratio of the medians ${(guardedTime / plainTime).toFixed(2)}, added ${(guardedTime - plainTime).toFixed(2)} µs
  ratio by round: median ${median(ratios).toFixed(2)}, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}
`)

load.kill()
await Promise.all([plain.close(), guarded.close()])
authorizationServer.close()

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

function microseconds (value: number): string {
  return `${value.toFixed(2).padStart(7)} µs`
}
