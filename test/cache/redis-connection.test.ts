import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Cluster } from 'ioredis'
import { codeOf, redisConnection } from '../../lib/cache/redis-connection.ts'
import { OptionsError } from '../../lib/errors.ts'
import type { RedisOptions } from '../../lib/options.ts'
import { tlsMaterial } from '../../lib/tls-material.ts'
import { listen } from '../../examples/demo/listen.ts'
import { eventually } from '../token/eventually.ts'

const open = (options: object, onTrouble = (_detail: string): void => {}) => redisConnection(options as RedisOptions, 'redis', tlsMaterial, onTrouble)
const refused = async (options: object, text: RegExp): Promise<void> => {
  await assert.rejects(open(options), (error: Error) => {
    assert.match(error.message, text)
    assert.doesNotMatch(error.message, /p%40ss|p@ss|hidden/)
    return error instanceof OptionsError
  })
}

test('a url that is none, or says more than where and who: refused at boot, without the password', async () => {
  const wrong = [
    'hidden', 'http://:p%40ss@127.0.0.1', 'redis://', 'redis://:p%40ss@127.0.0.1/x', 'redis://:p%40ss@127.0.0.1/0?rejectUnauthorized=false', 'redis://:p%40ss@127.0.0.1/0#hidden',
    'rediss://:p%40ss@127.0.0.1/0?tls=hidden', 'redis://:p%40ss%@127.0.0.1', 'redis://:hidden/x@127.0.0.1', 'redis+socket://127.0.0.1', 'redis://:p%40ss@127.0.0.1:70000'
  ]
  for (const url of wrong) await refused({ url }, /^redis\.url: found .*; allowed: redis:\/\//)
})

test('url and client, neither, or TLS where there is none: refused at boot', async () => {
  await refused({}, /^redis: found neither url nor client; allowed: one of them$/)
  await refused({ url: 'redis://127.0.0.1', client: () => ({}) }, /^redis: found url beside client; allowed: one of them$/)
  await refused({ url: 'redis://127.0.0.1', tls: {} }, /^redis\.tls: found beside a url without TLS; allowed: beside rediss:\/\/$/)
  await refused({ client: () => ({}), tls: {} }, /^redis\.tls: found beside client; allowed: beside url$/)
  await refused({ url: 'rediss://127.0.0.1', tls: { ca: 'hidden' } }, /^redis\.tls\.ca: /)
})

test('a function that gives something else, or throws: refused at boot', async () => {
  for (const given of [null, undefined, 'hidden', {}, Promise.resolve({})]) await refused({ client: () => given }, /^redis\.client: the function gave something else; allowed: a client of ioredis or iovalkey$/)
  await refused({ client: () => { throw new Error('hidden') } }, /^redis\.client: the function threw$/)
  const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })
  await refused({ client: () => cluster }, /^redis\.client: the function gave a client of a cluster/)
})

test('user, password and number of the database go to the server as they are meant', async (t) => {
  const said: string[] = []
  const server = createServer((socket: Socket) => socket.on('data', (data) => {
    said.push(data.toString())
    socket.write('+OK\r\n'.repeat(data.toString().split('*').length - 1))
  }))
  const { port, close } = await listen(server)
  t.after(close)
  const connection = await open({ url: `redis://us%3Aer:p%40ss@127.0.0.1:${port}/7` })
  t.after(() => connection.close())
  await eventually('it has said who it is', () => said.join('').toUpperCase().includes('SELECT'))
  assert.match(said.join(''), /auth\r\n\$5\r\nus:er\r\n\$4\r\np@ss\r\n[^]*select\r\n\$1\r\n7\r\n/i)
  assert.doesNotMatch(said.join(''), /INFO|HELLO|CLIENT/i)
})

test('nobody there: told once, in one word, and it does not end the process', async (t) => {
  const { port, close } = await listen(createServer())
  await close()
  const told: string[] = []
  const connection = await open({ url: `redis://:p%40ss@127.0.0.1:${port}` }, (detail) => told.push(detail))
  t.after(() => connection.close())
  await eventually('it has tried again', () => (connection.client as unknown as { retryAttempts: number }).retryAttempts > 2)
  assert.deepEqual(told, ['Redis: ECONNREFUSED'])
  await assert.rejects(connection.client.unlink('x'))
})

test('one word of an error, which may hold anything', () => {
  const replyError = Object.assign(new Error('WRONGPASS invalid username-password pair'), { command: { name: 'auth', args: ['hidden'] } })
  assert.equal(codeOf(replyError), 'WRONGPASS')
  assert.equal(codeOf(Object.assign(new Error('connect ECONNREFUSED hidden'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
  for (const error of [new Error('hidden'), new Error(''), null, 'hidden', Object.assign(new Error('hidden'), { code: 'hidden secret' }), new Error('Hidden HIDDEN')]) {
    assert.equal(codeOf(error), 'the connection was lost')
  }
})

test('a reply without end is cut off, however short the one that was asked for; one after the other may come for ever', async (t) => {
  const most = 100
  let sent = 0
  const server = createServer((socket: Socket) => socket.on('data', (data) => {
    const text = data.toString()
    if (!text.includes('endless')) {
      socket.write(`$131073\r\n${'x'.repeat(131_073)}\r\n`.repeat(text.split(/getrange/i).length - 1))
      return
    }
    socket.write('$500000000\r\n')
    const megabyte = Buffer.alloc(1_000_000, 'x')
    const go = (): void => { if (++sent < most) socket.write(megabyte, (error) => { if (!error) go() }) }
    go()
  }).on('error', () => {}))
  const { port, close } = await listen(server)
  t.after(close)
  const { client, close: end } = await open({ url: `redis://127.0.0.1:${port}` })
  t.after(end)
  await eventually('it is connected', () => (client as unknown as { status: string }).status === 'ready')
  for (let i = 0; i < 10; i++) assert.equal((await client.getrangeBuffer('k', 0, 131_072)).length, 131_073)
  const many = await Promise.all(Array.from({ length: 20 }, async () => await client.getrangeBuffer('k', 0, 131_072)))
  assert.equal(many.length, 20)
  await assert.rejects(client.getrangeBuffer('endless', 0, 131_072))
  assert.ok(sent < most / 2, `${sent} megabytes were taken`)
})
