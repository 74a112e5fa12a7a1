// The contracts of a store and a channel, held by a real server through each client.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { redisChannel } from '../../lib/cache/redis-channel.ts'
import { redisConnection, type RedisConnection } from '../../lib/cache/redis-connection.ts'
import { redisStore } from '../../lib/cache/redis-store.ts'
import { testEvictionChannel, testTokenStore } from '../../lib/contract/index.ts'
import { tlsMaterial } from '../../lib/tls-material.ts'
import type { RedisClient } from '../../types/token-store.ts'
import { redisServer, startRedis } from './redis-server.ts'
import { requires } from './requires.ts'

const { skip } = requires({ 'redis-server': redisServer })

/** Those that the user gives: with their own defaults, and with a queue of their own. */
const clients: Record<string, (port: number) => RedisClient & { once (event: string, listener: () => void): unknown, status: string }> = {
  ioredis: (port) => new Redis({ port, host: '127.0.0.1' }),
  'ioredis with RESP2 and pipelines of its own': (port) => new Redis({ port, host: '127.0.0.1', protocol: 2, enableAutoPipelining: true, keyPrefix: 'app:' }),
  iovalkey: (port) => new Valkey({ port, host: '127.0.0.1' })
}

if (skip === undefined) {
  const server = await startRedis()
  const opened: RedisConnection[] = []
  const given: RedisClient[] = []
  after(async () => {
    for (const connection of opened) connection.close()
    for (const client of given) client.disconnect()
    await server.close()
  })
  const open = async (options: { url: string } | { client: () => RedisClient }): Promise<RedisConnection> => {
    const connection = await redisConnection(options, 'redis', tlsMaterial, (detail) => assert.fail(detail))
    await ready(connection.client)
    opened.push(connection)
    return connection
  }
  const each: Record<string, () => Promise<RedisConnection>> = {
    'by url': () => open({ url: server.url }),
    ...Object.fromEntries(Object.entries(clients).map(([name, create]) => [name, async () => {
      const client = create(server.port)
      given.push(client)
      return await open({ client: () => client })
    }]))
  }
  for (const [name, connect] of Object.entries(each)) {
    testTokenStore(`Redis, ${name}`, async () => redisStore(await connect(), `${name}:`))
    testEvictionChannel(`Redis, ${name}`, async () => redisChannel(await connect(), `${name}:`, (detail) => assert.fail(detail)))
  }
} else {
  test('the contracts over a real server', { skip }, () => {})
}

async function ready (client: RedisClient): Promise<void> {
  if ((client as { status?: string }).status === 'ready') return
  await new Promise<void>((resolve) => client.on('ready', () => resolve()))
}
