// What a reader of the stream is told, whatever is done to the stream.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { redisChannel } from '../../lib/cache/redis-channel.ts'
import { redisConnection } from '../../lib/cache/redis-connection.ts'
import { mostEntries } from '../../lib/cache/stream-reader.ts'
import { tlsMaterial } from '../../lib/tls-material.ts'
import { eventually } from '../token/eventually.ts'
import { intruder } from './fleet.ts'
import { redisServer, startRedis } from './redis-server.ts'
import { requires } from './requires.ts'

test('the stream of evictions', requires({ 'redis-server': redisServer }), async (t) => {
  const server = await startRedis()
  t.after(() => server.close())

  const start = async (t: TestContext, prefix: string, onMessage: (text: string) => void = () => {}) => {
    const connection = await redisConnection({ url: server.url }, 'redis', tlsMaterial, () => {})
    t.after(() => connection.close())
    const channel = redisChannel(connection, prefix, () => {})
    /** Messages and turns in the order in which they were told. */
    const told: string[] = []
    const end = channel.listen({
      message (message) {
        told.push(Buffer.from(message).toString())
        onMessage(told.at(-1) as string)
      },
      connected: () => { told.push('+') },
      disconnected: () => { told.push('-') }
    }, 600_000)
    t.after(end)
    await eventually('it is connected', () => told.includes('+'))
    const client = await intruder(t, server.url)
    return { told, client, key: `${prefix}evictions`, publish: (text: string) => channel.publish(Buffer.from(text)) }
  }

  await t.test('cut off, it goes on where it stood: what was added meanwhile is told before it is connected', async (t) => {
    const { told, client, key, publish } = await start(t, 'cut:')
    await publish('before')
    await eventually('it arrived', () => told.includes('before'))
    // One transaction: nobody is back before it is over.
    await client.multi([['client', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes']]).xadd(key, '*', 'm', 'meanwhile').exec()
    await eventually('it is back', () => told.filter((each) => each === '+').length === 2)
    assert.deepEqual(told, ['+', 'before', '-', 'meanwhile', '+'])
    await publish('after')
    await eventually('it arrived', () => told.includes('after'))
  })

  await t.test('cut off, and the place where it stood is gone: all that is there is told again', async (t) => {
    const { told, client, key, publish } = await start(t, 'trimmed:')
    await publish('first')
    await eventually('it arrived', () => told.includes('first'))
    await client.multi([['client', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes']]).xadd(key, '*', 'm', 'lost').xadd(key, '*', 'm', 'there').xtrim(key, 'MAXLEN', 1).exec()
    await eventually('it is back', () => told.filter((each) => each === '+').length === 2)
    assert.deepEqual(told, ['+', 'first', '-', 'there', '+'])
  })

  await t.test('cut off, and a server that begins anew, with a clock that was set back', async (t) => {
    const { told, client, key } = await start(t, 'anew:')
    await client.xadd(key, `${Date.now() + 3_600_000}-0`, 'm', 'of the other clock')
    await eventually('it arrived', () => told.includes('of the other clock'))
    await client.multi([['client', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes']]).del(key).xadd(key, '*', 'm', 'anew').exec()
    await eventually('it is back', () => told.filter((each) => each === '+').length === 2)
    assert.deepEqual(told, ['+', 'of the other clock', '-', 'anew', '+'])
  })

  await t.test('entries that go faster than they are read: told as a break', async (t) => {
    const { told, client, key, publish } = await start(t, 'flood:')
    await publish('first')
    await eventually('it arrived', () => told.includes('first'))
    const adding = "for n = 1, 150 do redis.call('XADD', KEYS[1], '*', 'm', 'n' .. n) end redis.call('XTRIM', KEYS[1], 'MAXLEN', 120)"
    await client.eval(adding, 1, key)
    await eventually('all arrived', () => told.includes('n150'))
    await eventually('it is connected', () => told.at(-1) === '+')
    assert.equal(told.includes('n30'), false)
    assert.deepEqual(told.filter((each) => '+-'.includes(each)), ['+', '-', '+'])
  })

  await t.test('many at a time that are all read are no break', async (t) => {
    const { told, client, key, publish } = await start(t, 'many:')
    await publish('first')
    await eventually('it arrived', () => told.includes('first'))
    await client.eval("for n = 1, 250 do redis.call('XADD', KEYS[1], '*', 'm', 'n' .. n) end", 1, key)
    await eventually('all arrived', () => told.includes('n250'))
    assert.deepEqual(told, ['+', 'first', ...Array.from({ length: 250 }, (_, n) => `n${n + 1}`)])
  })

  await t.test('a stream that was full at the start: something may be gone', async (t) => {
    const client = await intruder(t, server.url)
    await client.eval(`for n = 1, ${mostEntries} do redis.call('XADD', KEYS[1], '1-' .. n, 'm', 'old') end`, 1, 'full:evictions')
    const { told } = await start(t, 'full:')
    assert.deepEqual(told, ['-', '+'])
  })

  await t.test('what is older than the horizon is not told; what an intruder writes neither', async (t) => {
    const client = await intruder(t, server.url)
    const key = 'old:evictions'
    await client.xadd(key, `${Date.now() - 660_000}-0`, 'm', 'too old')
    await client.xadd(key, `${Date.now() - 540_000}-0`, 'm', 'old')
    await client.xadd(key, '*', 'n', 'another field')
    await client.xadd(key, '*', 'm', 'two', 'm', 'fields')
    await client.xadd(key, '*', 'm', Buffer.alloc(65_537))
    const { told } = await start(t, 'old:')
    assert.deepEqual(told, ['old', '+'])
  })

  await t.test('who throws is told the next one', async (t) => {
    const { told, publish } = await start(t, 'throws:', () => { throw new Error('not understood') })
    await publish('one')
    await publish('two')
    await eventually('both were told', () => told.includes('two'))
    assert.deepEqual(told, ['+', 'one', 'two'])
  })

  await t.test('an entry larger than anything that is read: passed over, and told as a break', async (t) => {
    const { told, client, key, publish } = await start(t, 'large:')
    await client.xadd(key, '*', 'm', Buffer.alloc(20_000_000))
    await eventually('it is back', () => told.filter((each) => each === '+').length === 2)
    await publish('after')
    await eventually('it arrived', () => told.includes('after'))
    assert.deepEqual(told, ['+', '-', '+', 'after'])
  })

  await t.test('it is kept short: by number, and now and then by age', async (t) => {
    const { client, key, publish } = await start(t, 'short:')
    await client.eval("for n = 1, 1000 do redis.call('XADD', KEYS[1], '1-' .. n, 'm', 'old') end", 1, key)
    await publish('new')
    await eventually('the old ones are gone', async () => await client.xlen(key) < 200)
  })

  await t.test('an eviction that is too large is not sent', async (t) => {
    const { publish } = await start(t, 'size:')
    await assert.rejects(publish('x'.repeat(65_537)), RangeError)
  })
})
