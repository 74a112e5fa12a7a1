// CPU time a request, taken from each server's own process, in interleaved rounds, driven by one more process over keep-alive
// connections. The ratios to the first of each kind, with the same headers, count; absolute figures are the machine's. What is
// proxied goes to a server in one more process.
//
//   npm run bench                 all contenders
//   npm run bench -- known plain  those whose name or kind has one of these words, and what they are compared with
//   ROUNDS=5 npm run bench        quicker
//   PROFILE=/tmp npm run bench    leaves a CPU profile of each server in that directory

import { fork, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { exportJWK, SignJWT } from 'jose'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { audience, contenders, issuer, kinds, type Contender, type Material } from './contenders.ts'

const rounds = Number(process.env['ROUNDS'] ?? 15)
const requestsPerRound = 4000
const distinctTokens = 1024
const words = process.argv.slice(2)
const profiling = process.env['PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['PROFILE']}`]

// A certificate of 2048 bits with a few names, and the headers that a client and a proxy send.
const pki = await createPki()
const certificate = await createClientCertificate('partner.example.com', {
  issuer: pki,
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
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const upstream = fork(new URL('upstream.js', import.meta.url), { execArgv: [] })
const [upstreamUrl] = await once(upstream, 'message') as [string]
const material: Material = {
  upstream: upstreamUrl,
  thumbprint: certificate.thumbprint,
  ca: pki.ca,
  publicPem: keys.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  jwks: { keys: [{ ...await exportJWK(keys.publicKey), kid: 'bench', alg: 'RS256', use: 'sig' }] }
}
const opaque = Array.from({ length: distinctTokens }, () => randomBytes(32).toString('base64url'))
const tokens = {
  opaque,
  proxied: opaque,
  jwt: await Promise.all(Array.from({ length: distinctTokens }, signToken))
}

async function signToken (): Promise<string> {
  return await new SignJWT({ client_id: 'bench', scope: 'accounts payments', cnf: { 'x5t#S256': certificate.thumbprint } })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })
    .setIssuer(issuer).setAudience(audience).setSubject('alice').setIssuedAt().setExpirationTime('2h').setJti(randomBytes(16).toString('hex'))
    .sign(keys.privateKey)
}

interface Running extends Contender {
  readonly server: ChildProcess
  readonly url: string
  /** Microseconds a request, one of each round. */
  readonly times: number[]
}

const isWanted = ({ name, kind }: Contender): boolean => words.length === 0 || words.some((word) => `${name} ${kind}`.includes(word))
const wantedKinds = new Set(contenders.filter(isWanted).map(({ kind }) => kind))
const chosen = contenders.filter((contender, index) => isWanted(contender) ||
  (wantedKinds.has(contender.kind) && contenders.findIndex(({ kind }) => kind === contender.kind) === index))
const load = fork(new URL('load.js', import.meta.url), { execArgv: [] })
const running = await Promise.all(chosen.map(async (contender): Promise<Running> => {
  const server = fork(new URL('server.ts', import.meta.url), { execArgv: [...process.execArgv, ...profiling] })
  server.send({ start: contenders.indexOf(contender), material })
  const [{ url }] = await once(server, 'message') as [{ url: string }]
  return { ...contender, server, url, times: [] }
}))

async function measure ({ server, url, kind, name }: Running): Promise<number> {
  const before = await usage(server)
  load.send({ url, count: requestsPerRound, headers, tokens: tokens[kind] })
  const [refused] = await once(load, 'message') as [number]
  if (refused > 0) throw new Error(`${refused} requests to ${name} were refused`)
  return (await usage(server) - before) / requestsPerRound
}

async function usage (server: ChildProcess): Promise<number> {
  server.send('usage')
  const [{ usage: { user, system } }] = await once(server, 'message') as [{ usage: NodeJS.CpuUsage }]
  return user + system
}

for (let warmUp = 0; warmUp < 4; warmUp++) {
  for (const each of running) await measure(each)
}
for (let round = 0; round < rounds; round++) {
  // Each goes first at some time.
  for (const each of [...running.slice(round % running.length), ...running.slice(0, round % running.length)]) each.times.push(await measure(each))
}

console.log(`
  node ${process.version}, ${rounds} interleaved rounds of ${requestsPerRound} requests, ${distinctTokens} tokens, JWT of ${tokens.jwt[0]?.length} characters,
  certificate header of ${headers['x-ssl-cert'].length}; one process each; CPU time a request in microseconds, ratio to the first of its kind with the same headers (by round)
`)
for (const kind of kinds) {
  const [plain, ...others] = running.filter((each) => each.kind === kind)
  if (plain === undefined || others.length === 0) continue
  console.log(`  ${kind.padEnd(42)} median  least   most   ratio  least to most`)
  for (const { name, times } of [plain, ...others]) {
    const ratios = times.map((time, round) => time / (plain.times[round] as number))
    const [least, most] = [Math.min(...ratios).toFixed(2), Math.max(...ratios).toFixed(2)]
    console.log(`  ${name.padEnd(42)} ${[median(times), Math.min(...times), Math.max(...times)].map((time) => time.toFixed(1).padStart(6)).join(' ')}  ${median(ratios).toFixed(2).padStart(6)}  ${least} to ${most}`)
  }
  console.log()
}

load.kill()
upstream.kill()
for (const { server } of running) server.disconnect()

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}
