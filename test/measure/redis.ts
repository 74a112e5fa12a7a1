// How soon an eviction or a revocation is heard by all processes, and what a Redis that fails costs a request.
//
//   node --import ts-blank-space/register test/measure/redis.ts [evictions]

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { startRedis, type RedisServer } from '../e2e/redis-server.ts'
import { setSender } from '../feed/set-sender.ts'
import { ownersClaims } from '../guard/protected-app.ts'
import type { FeedsOptions } from '../../types/options.ts'
import type { Told } from './redis-member.ts'

const evictions = Number(process.argv[2] ?? 200)
const gone = new Set<string>()
let calls = 0
const authorizationServer = await startDouble((call, response) => {
  calls++
  const token = new URLSearchParams(call.body).get('token') ?? ''
  json(gone.has(token) || token.startsWith('bad-') ? { active: false } : { ...ownersClaims, sub: token, sid: token })(call, response)
})

async function tell (member: ChildProcess, told: Told): Promise<unknown> {
  member.send(told)
  const [{ done, error }] = await once(member, 'message') as [{ done: unknown, error?: string }]
  if (error !== undefined) throw new Error(error)
  return done
}

async function startMembers (server: RedisServer, count: number, maxTtl: number, revocation: FeedsOptions = {}): Promise<ChildProcess[]> {
  const members = Array.from({ length: count }, () => fork(new URL('redis-member.ts', import.meta.url)))
  await Promise.all(members.map((member) => tell(member, { start: { origin: authorizationServer.origin, url: server.url, maxTtl, revocation } })))
  return members
}

function figures (times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number).toFixed(1).padStart(7)
  return `median ${at(0.5)}  99 % ${at(0.99)}  99.9 % ${at(0.999)}  worst ${at(1)} ms`
}

/**
 * @param revocation - feeds of all three processes
 * @param tellOf - tells one of them, or all, that a token is gone; gives the time when that began
 */
async function measureEvictions (name: string, revocation: FeedsOptions, tellOf: (first: ChildProcess, token: string) => Promise<number>): Promise<void> {
  const server = await startRedis()
  const members = await startMembers(server, 3, 60_000, revocation) as [ChildProcess, ChildProcess, ChildProcess]
  // Feeds have no time at which they must be connected.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const times: number[] = []
  for (let n = -10; n < evictions; n++) {
    const token = `${name.replace(/[^a-z]+/g, '-')}-${n}`
    for (const member of members) if (await tell(member, { ask: token }) !== 200) throw new Error('a good token was refused')
    const others = members.slice(1).map((member) => tell(member, { untilRefused: token }) as Promise<number>)
    gone.add(token)
    const begin = await tellOf(members[0], token)
    const own = await tell(members[0], { untilRefused: token }) as number
    if (n >= 0) times.push(Math.max(own, ...await Promise.all(others)) - begin)
    else await Promise.all(others)
  }
  console.log(`  ${times.length} by ${name.padEnd(38)} until all three processes refuse:   ${figures(times)}`)
  for (const member of members) member.kill()
  await server.close()
}

async function measureFeeds (): Promise<void> {
  await measureEvictions('evict() at one', {}, async (first, token) => await tell(first, { evict: token }) as number)
  const sender = setSender()
  await measureEvictions('security event token, pushed to one', { webhook: sender.options() }, async (first, token) =>
    await tell(first, { push: await sender.set({ sub_id: { format: 'iss_sub', iss: sender.issuer, sub: token } }) }) as number)
  const websockets = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(websockets, 'listening')
  const url = `ws://127.0.0.1:${(websockets.address() as AddressInfo).port}/`
  await measureEvictions('message of a WebSocket, to all', { websocket: { url, issuer: sender.issuer, messages: [{ path: 'sid', selects: 'sessionId' }] } }, async (_first, sid) => {
    for (const client of websockets.clients) client.send(JSON.stringify({ sid }))
    return performance.timeOrigin + performance.now()
  })
  websockets.close()
}

async function measureFaults (): Promise<void> {
  const server = await startRedis()
  const [member] = await startMembers(server, 1, 100) as [ChildProcess]
  let phases = 0
  const phase = async (name: string, during: () => unknown = () => {}): Promise<void> => {
    const before = calls
    const loading = tell(member, { load: { milliseconds: 4000, name: String(phases++) } })
    await new Promise((resolve) => setTimeout(resolve, 500))
    await during()
    const { times, wrong } = await loading as { times: number[], wrong: number }
    console.log(`  ${name.padEnd(34)} ${String(times.length).padStart(6)} requests  ${figures(times)}  ${String(calls - before).padStart(6)} asked  ${wrong} wrong`)
  }
  console.log('\n  eight requests at a time, tokens remembered for 100 ms, a fifth of them not active, `store.timeout` of 50 ms; the fault comes after 0.5 s of 4 s')
  await phase('as it should be')
  await phase('paused (SIGSTOP)', () => server.pause())
  await phase('still paused')
  await phase('resumed (SIGCONT)', () => server.resume())
  await phase('killed (SIGKILL)', () => server.kill())
  await phase('still gone')
  await phase('started again, with nothing kept', () => server.start())
  await phase('as it should be, again')
  member.kill()
  await server.close()
}

await measureFeeds()
await measureFaults()
await authorizationServer.close()
