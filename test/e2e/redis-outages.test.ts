// Whatever happens to Redis, under load: no wrong verdict, and nothing falls over. How long it takes is measured by test/measure/redis.ts.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { eventually } from '../token/eventually.ts'
import { intruder, keep, load, startFleet, statusOf, untilShared, type MemberOptions } from './fleet.ts'
import { redisServer, startRedis } from './redis-server.ts'
import { requires } from './requires.ts'

const prefix = 'outage:'
/** Entries live so shortly that there is always somebody who looks into Redis. */
const restless: MemberOptions = { cache: { maxTtl: 100, store: { timeout: 50 } } }

test('a Redis that fails', requires({ 'redis-server': redisServer }), async (t) => {
  const start = async (t: TestContext, options: MemberOptions = restless, args: readonly string[] = []) => {
    const server = await startRedis(args)
    t.after(() => server.close())
    const fleet = await startFleet(t, server.url, prefix)
    const apps = [await fleet.add(options), await fleet.add(options), await fleet.add(options)] as const
    return { ...fleet, server, fleet, apps, client: await intruder(t, server.url) }
  }
  const warnings = (logged: readonly string[]): string[] => logged.map((line) => JSON.parse(line) as { level: number, msg: string })
    .filter(({ level }) => level >= 40).map(({ msg }) => msg)

  await t.test('killed, and back with nothing kept: evictions arrive again', async (t) => {
    const { server, fleet, apps, logged, issue, known } = await start(t)
    await untilShared(fleet, apps)
    const loaded = load(fleet, apps)
    await eventually('there is load', () => loaded.verdicts > 500)
    await server.kill()
    await eventually('it was told', () => warnings(logged).some((msg) => msg.includes('ECONN')))
    const [before, gone] = [loaded.verdicts, issue('killed')]
    assert.equal(await statusOf(apps[0], gone), 200)
    known.delete(gone)
    await assert.rejects(apps[0].boundToken.evict({ token: gone }), /the eviction counts here, and the other processes could not be told/)
    assert.equal(await statusOf(apps[0], gone), 401)
    await eventually('it goes on', () => loaded.verdicts > before + 500)
    await server.start()
    await untilShared(fleet, apps)
    const token = issue('after-the-kill')
    for (const app of apps) assert.equal(await statusOf(app, token), 200)
    known.delete(token)
    await apps[2].boundToken.evict({ token })
    await eventually('it is refused by all', async () => (await Promise.all(apps.map((app) => statusOf(app, token)))).every((status) => status === 401))
    await loaded.stop()
    assert.ok(warnings(logged).length < 40, `it was told of ${warnings(logged).length} times`)
  })

  await t.test('paused, and going on', async (t) => {
    const { server, fleet, apps, logged } = await start(t)
    await untilShared(fleet, apps)
    const loaded = load(fleet, apps)
    await eventually('there is load', () => loaded.verdicts > 500)
    server.pause()
    await eventually('it was told', () => warnings(logged).some((msg) => msg.includes('does not answer')))
    const before = loaded.verdicts
    await eventually('it goes on without', () => loaded.verdicts > before + 500)
    server.resume()
    await loaded.stop()
    await untilShared(fleet, apps)
  })

  await t.test('paused, an application closes at once', async (t) => {
    const { server, apps } = await start(t)
    server.pause()
    let isOpen = true
    const closing = apps[0].close().then(() => { isOpen = false })
    await eventually('it is closed', () => !isOpen)
    await closing
  })

  await t.test('down at boot: the boot goes on, it is told once, and shared as soon as there is something to share in', async (t) => {
    const server = await startRedis()
    t.after(() => server.close())
    await server.kill()
    const fleet = await startFleet(t, server.url, prefix)
    const app = await fleet.add(restless)
    const token = fleet.issue('early')
    for (let n = 0; n < 20; n++) assert.equal(await statusOf(app, token), 200)
    await eventually('it was told', () => warnings(fleet.logged).includes('Redis: ECONNREFUSED'))
    await server.start()
    await untilShared(fleet, [app, await fleet.add(restless)])
    assert.equal(warnings(fleet.logged).filter((msg) => msg === 'Redis: ECONNREFUSED').length, 1)
  })

  await t.test('full: what is not kept is asked for, and evictions that cannot be told say so', async (t) => {
    const { fleet, apps, issue, known, client } = await start(t, restless)
    await untilShared(fleet, apps)
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await client.config('SET', 'maxmemory', '1mb')
    await assert.rejects(client.set('more', 'x'), /OOM/)
    const loaded = load(fleet, apps)
    await eventually('there is load', () => loaded.verdicts > 500)
    known.delete(issue('full'))
    await assert.rejects(apps[0].boundToken.evict({ token: 'full' }), /OOM$/)
    await loaded.stop()
    await client.config('SET', 'maxmemory', '0')
    await untilShared(fleet, apps)
  })

  await t.test('values that are random bytes, cut off, of another key, or of another type', async (t) => {
    const { fleet, apps, issue, client, callsFor } = await start(t, { cache: { store: { timeout: 1000 } } })
    await untilShared(fleet, apps)
    const tokens = Array.from({ length: 12 }, (_, index) => issue(`harmed-${index}`, { sub: `subject-${index}` }))
    const keys: string[] = []
    for (const token of tokens) keys.push(await keep(client, prefix, apps[0], token))
    const values = await Promise.all(keys.map((key) => client.getBuffer(key))) as Buffer[]
    const harm: Array<(key: string, value: Buffer, index: number) => Promise<unknown>> = [
      (key) => client.set(key, randomBytes(200)),
      (key, value) => client.set(key, value.subarray(0, value.length - 1)),
      (key, value) => client.set(key, value.subarray(0, 20)),
      (key) => client.set(key, ''),
      (key, value) => client.set(key, Buffer.concat([value, Buffer.of(0)])),
      (key, value) => client.set(key, Buffer.from(value.map((byte, at) => at === 40 ? byte ^ 1 : byte))),
      (key, _value, index) => client.set(key, values[(index + 1) % values.length] as Buffer),
      (key) => client.set(key, JSON.stringify({ askedAt: Date.now(), expiresAt: Date.now() + 60_000, facts: {} })),
      (key) => client.set(key, Buffer.alloc(1_000_000, 1)),
      async (key) => { await client.del(key); await client.lpush(key, 'a list') },
      async (key) => { await client.del(key); await client.hset(key, 'a', 'hash') },
      async (key) => { await client.del(key); await client.xadd(key, '*', 'a', 'stream') }
    ]
    for (const [index, key] of keys.entries()) await (harm[index] as typeof harm[0])(key, values[index] as Buffer, index)
    const fresh = await fleet.add({ cache: { store: { timeout: 1000 } } })
    for (const token of tokens) assert.equal(await statusOf(fresh, token), 200)
    assert.deepEqual(tokens.map(callsFor), tokens.map(() => 2), 'none of them was believed')
  })

  await t.test('values replayed beyond their time', async (t) => {
    const short: MemberOptions = { cache: { maxTtl: 300, store: { timeout: 1000 } } }
    const { fleet, apps, issue, known, client } = await start(t, short)
    await untilShared(fleet, apps)
    const token = issue('replayed')
    const key = await keep(client, prefix, apps[0], token)
    const value = await client.getBuffer(key) as Buffer
    const until = Date.now() + await client.pttl(key)
    known.delete(token)
    await eventually('its time is over', async () => Date.now() > until && await client.exists(key) === 0)
    await client.set(key, value)
    for (const app of apps) {
      assert.equal(await statusOf(app, token), 401)
      await client.set(key, value)
    }
  })

  await t.test('a stream that somebody fills with anything: evictions arrive', async (t) => {
    const { fleet, apps, issue, known, client } = await start(t, { cache: { store: { timeout: 1000 } } })
    await untilShared(fleet, apps)
    const stream = `${prefix}evictions`
    for (let n = 0; n < 300; n++) await client.xadd(stream, '*', ...n % 3 === 0 ? ['m', randomBytes(n)] : n % 3 === 1 ? ['x', 'y', 'm', 'z'] : ['', ''])
    await client.xadd(stream, '*', 'm', Buffer.alloc(1_000_000))
    const tokens = [issue('stream-0'), issue('stream-1')]
    for (const token of tokens) for (const app of apps) assert.equal(await statusOf(app, token), 200)
    for (const token of tokens) {
      known.delete(token)
      await apps[0].boundToken.evict({ token })
      for (const app of apps) await eventually('it is refused', async () => await statusOf(app, token) === 401)
      // More than is read at once by anybody: nobody stops there.
      await client.xadd(stream, '*', 'm', Buffer.alloc(20_000_000))
      await untilShared(fleet, apps)
    }
  })

  await t.test('another type where the stream should be: told, and nothing falls over', async (t) => {
    const server = await startRedis()
    t.after(() => server.close())
    const client = await intruder(t, server.url)
    await client.set(`${prefix}evictions`, 'a string')
    const fleet = await startFleet(t, server.url, prefix)
    const app = await fleet.add()
    await eventually('it was told', () => warnings(fleet.logged).includes('evictions cannot be read from Redis: WRONGTYPE'))
    assert.equal(await statusOf(app, fleet.issue('typed')), 200)
    await assert.rejects(app.boundToken.evict({ all: true }), /WRONGTYPE$/)
    await client.del(`${prefix}evictions`)
    await untilShared(fleet, [app, await fleet.add()])
  })

  await t.test('a wrong password: told once, and not which', async (t) => {
    const server = await startRedis(['--requirepass', 'the-right-password'])
    t.after(() => server.close())
    const fleet = await startFleet(t, server.url, prefix)
    const app = await fleet.add({ redis: { url: server.url.replace('//', '//:a-wrong-password@') } })
    const token = fleet.issue('locked-out')
    for (let n = 0; n < 20; n++) assert.equal(await statusOf(app, token), 200)
    await eventually('it was told', () => warnings(fleet.logged).some((msg) => msg.includes('WRONGPASS')))
    const right = { redis: { url: server.url.replace('//', '//default:the%2Dright-password@') + '/3' } }
    await untilShared(fleet, [await fleet.add(right), await fleet.add(right)])
    assert.equal(warnings(fleet.logged).filter((msg) => msg.includes('WRONGPASS')).length, 1)
    assert.doesNotMatch(fleet.logged.join(), /a-wrong-password|right-password/)
  })

  await t.test('a user who may do what the README says and nothing else', async (t) => {
    const { client, server, fleet, issue, known } = await start(t)
    const rights = '+getrange +set +unlink +xadd +xtrim +xread +xrange +xlen +time'
    await client.call('ACL', 'SETUSER', 'api', 'on', '>a-password', `~${prefix}*`, 'resetchannels', '-@all', ...rights.split(' '))
    const limited = { redis: { url: server.url.replace('//', '//api:a-password@') } }
    const apps = [await fleet.add(limited), await fleet.add(limited)] as const
    await untilShared(fleet, apps)
    const token = issue('limited')
    for (const app of apps) assert.equal(await statusOf(app, token), 200)
    known.delete(token)
    await apps[0].boundToken.evict({ token })
    await eventually('it is refused', async () => await statusOf(apps[1], token) === 401)
    assert.deepEqual(await client.call('ACL', 'LOG'), [])
  })

  await t.test('TLS: by the right authority and with a client certificate; never without verification', async (t) => {
    const [pki, foreign, client] = await Promise.all([createPki(), createPki(), createClientCertificate('api')])
    const folder = await mkdtemp(join(tmpdir(), 'bound-token-redis-tls-'))
    t.after(() => rm(folder, { recursive: true }))
    const files = { 'cert-file': pki.server.certificate, 'key-file': pki.server.key, 'ca-cert-file': client.certificate }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const server = await startRedis(['--tls-port', '{port}', ...Object.keys(files).flatMap((name) => [`--tls-${name}`, join(folder, name)])])
    t.after(() => server.close())
    const url = server.url.replace('redis:', 'rediss:')
    const fleet = await startFleet(t, url, prefix)
    const right = { redis: { url, tls: { ca: pki.ca, certificate: client.certificate, key: client.key } } }
    await untilShared(fleet, [await fleet.add(right), await fleet.add({ redis: { ...right.redis, url: url.replace('127.0.0.1', 'localhost') } })])
    assert.deepEqual(warnings(fleet.logged), [])
    for (const tls of [{ ca: foreign.ca, certificate: client.certificate, key: client.key }, {}]) {
      const told = fleet.logged.length
      const app = await fleet.add({ redis: { url, tls } })
      await eventually('it was told', () => warnings(fleet.logged.slice(told)).some((msg) => /^Redis: (SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|ERR_TLS)/.test(msg)))
      assert.equal(await statusOf(app, fleet.issue('secured')), 200)
    }
    const told = fleet.logged.length
    await fleet.add({ redis: { url, tls: { ca: pki.ca } } })
    await eventually('it was told', () => warnings(fleet.logged.slice(told)).some((msg) => msg.startsWith('Redis: ')))
  })
})
