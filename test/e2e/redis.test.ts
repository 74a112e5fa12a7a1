// Three applications share what they know of tokens, and hear of one another's evictions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { owner, stranger } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { intruder, keep, startFleet, statusOf, untilShared } from './fleet.ts'
import { redisServer, startRedis } from './redis-server.ts'
import { requires } from './requires.ts'

test('through a real Redis', requires({ 'redis-server': redisServer }), async (t) => {
  const server = await startRedis()
  t.after(() => server.close())
  const start = async (t: Parameters<typeof startFleet>[0], prefix: string) => {
    const fleet = await startFleet(t, server.url, prefix)
    const apps = [await fleet.add(), await fleet.add(), await fleet.add()] as const
    await untilShared(fleet, apps)
    const client = await intruder(t, server.url)
    return { ...fleet, fleet, apps, client, keep: (app: typeof apps[0], token: string) => keep(client, prefix, app, token) }
  }

  await t.test('a token that one has asked for serves all three; it is judged by each', async (t) => {
    const { apps, issue, callsFor, keep } = await start(t, 'serves:')
    const token = issue('one-token')
    await keep(apps[0], token)
    for (const app of apps) assert.equal(await statusOf(app, token), 200)
    for (const app of apps) assert.equal(await statusOf(app, token, stranger), 401)
    assert.equal(callsFor(token), 1)
  })

  await t.test('what is not active is not shared: it may become so', async (t) => {
    const { apps, callsFor } = await start(t, 'inactive:')
    for (const app of apps) assert.equal(await statusOf(app, 'nobodys'), 401)
    assert.equal(callsFor('nobodys'), 3)
  })

  for (const [name, selector] of Object.entries({ token: { token: 'gone' }, subject: { subject: 'bob' }, all: { all: true } } as const)) {
    await t.test(`evicted by ${name} at one, it is asked for again by all`, async (t) => {
      const { apps, issue, known, callsFor, keep } = await start(t, `evict-${name}:`)
      const gone = issue('gone', { sub: 'bob' })
      const stays = issue('stays', { sub: 'carol' })
      for (const token of [gone, stays]) await keep(apps[0], token)
      for (const app of apps) for (const token of [gone, stays]) assert.equal(await statusOf(app, token), 200)
      known.delete(gone)
      for (const app of apps) assert.equal(await statusOf(app, gone), 200, 'nobody knows yet')
      assert.equal(await apps[1].boundToken.evict(selector) >= 1, true)
      assert.equal(await statusOf(apps[1], gone), 401)
      for (const app of apps) await eventually('it is refused', async () => await statusOf(app, gone) === 401)
      for (const app of apps) assert.equal(await statusOf(app, stays), 200)
      if (name !== 'all') assert.equal(callsFor(stays), 1)
    })
  }

  await t.test('evicted by token, it is taken out of the store', async (t) => {
    const { apps, issue, client, keep } = await start(t, 'taken-out:')
    const [stays, key] = [await keep(apps[0], issue('other')), await keep(apps[0], issue('shared'))]
    await apps[2].boundToken.evict({ token: 'shared' })
    assert.deepEqual([await client.exists(stays), await client.exists(key)], [1, 0])
  })

  await t.test('found to be not active by one, it is taken out, and does not come back from there', async (t) => {
    const { fleet, apps, issue, known, client, keep } = await start(t, 'outdated:')
    const forgetful = await fleet.add({ cache: { negativeTtl: 0 } })
    await untilShared(fleet, [apps[0], forgetful])
    const token = issue('short')
    const key = await keep(apps[0], token)
    const value = await client.getBuffer(key) as Buffer
    known.delete(token)
    assert.equal(await statusOf(forgetful, token, owner, '/asked'), 401)
    await eventually('it is taken out', async () => await client.exists(key) === 0)
    // A process that was slow puts it back.
    await client.set(key, value, 'PX', 60_000)
    assert.equal(await statusOf(forgetful, token), 401)
  })

  await t.test('who starts after an eviction does not bring back what is still in the store', async (t) => {
    const { fleet, apps, issue, known, client, keep } = await start(t, 'revived:')
    const tokens = Array.from({ length: 10 }, (_, index) => issue(`revived-${index}`, { sub: 'mallory' }))
    const keys: string[] = []
    for (const token of tokens) keys.push(await keep(apps[0], token))
    for (const token of tokens) known.delete(token)
    await apps[0].boundToken.evict({ subject: 'mallory' })
    assert.equal(await client.exists(...keys), keys.length, 'the store cannot know whose they are')
    // The first requests come before it has heard of anything.
    const late = await fleet.add()
    for (const token of tokens.slice(0, 5)) assert.equal(await statusOf(late, token), 401)
    const latest = await fleet.add()
    await untilShared(fleet, [apps[0], latest])
    for (const token of tokens.slice(5)) assert.equal(await statusOf(latest, token), 401)
  })

  await t.test('revoked at one, it is asked for again by all, and lives where the authorization server says so', async (t) => {
    const { apps, issue, callsFor, keep } = await start(t, 'revoked:')
    const token = issue('revoked', { sub: 'dave' })
    await keep(apps[1], token)
    for (const app of apps) assert.equal(await statusOf(app, token), 200)
    await apps[0].boundToken.revoke({ subject: 'dave' })
    await eventually('it was asked for again by all', async () => {
      for (const app of apps) assert.equal(await statusOf(app, token), 200)
      return callsFor(token) >= 4
    })
  })

  for (const [name, create] of Object.entries({ ioredis: () => new Redis(server.port), iovalkey: () => new Valkey(server.port) })) {
    await t.test(`a connection of one's own by ${name}: works, and stays`, async (t) => {
      const prefix = `own-${name}:`
      const fleet = await startFleet(t, server.url, prefix)
      const client = create()
      t.after(() => client.disconnect())
      const own = await fleet.add({ redis: { url: undefined, client: () => client } as never })
      const other = await fleet.add()
      await untilShared(fleet, [own, other])
      const token = fleet.issue('own')
      await keep(await intruder(t, server.url), prefix, own, token)
      assert.equal(await statusOf(other, token), 200)
      assert.equal(fleet.callsFor(token), 1)
      fleet.known.delete(token)
      await own.boundToken.evict({ token })
      await eventually('it is refused', async () => await statusOf(other, token) === 401)
      await own.close()
      assert.equal(await client.ping(), 'PONG')
      assert.equal((client as unknown as { listenerCount (event: string): number }).listenerCount('error'), 0)
    })
  }
})
