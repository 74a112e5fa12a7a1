// @fastify/reply-from is used without being registered: it must ask its host for nothing else than what we give it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import replyFrom, { type FastifyReplyFromOptions } from '@fastify/reply-from'
import type { FastifyInstance } from 'fastify'
import { loadReplyFrom } from '../../lib/upstream/reply-from.ts'
import { answer, startDouble } from '../doubles/authorization-server.ts'
import { eventually } from '../token/eventually.ts'

type Call = [method: string, ...args: unknown[]]

/** Loads reply-from into a host that notes whatever is asked of it. */
async function watched (options: FastifyReplyFromOptions) {
  const calls: Call[] = []
  const touched = new Set<string>()
  const noting = (method: string) => (...args: unknown[]) => { calls.push([method, ...args]) }
  const given: Record<string, unknown> = { decorateReply: noting('decorateReply'), addHook: noting('addHook'), onClose: noting('onClose') }
  const note = (how: string) => (_target: object, property: string | symbol): never => {
    touched.add(`${how} ${String(property)}`)
    throw new Error(`${how} ${String(property)}`)
  }
  const host = new Proxy({}, {
    get (_target, property) {
      touched.add(String(property))
      return given[String(property)]
    },
    has: note('has'),
    set: note('set') as never,
    defineProperty: note('define') as never,
    deleteProperty: note('delete') as never,
    getOwnPropertyDescriptor: note('describe') as never,
    getPrototypeOf: () => note('prototype')({}, 'of'),
    ownKeys: () => note('keys')({}, 'of')
  })
  await new Promise<void>((resolve, reject) => {
    replyFrom(host as FastifyInstance, options, (error?: Error) => error === undefined ? resolve() : reject(error))
  })
  return { calls, touched }
}

for (const options of [{}, { disableRequestLogging: true, disableCache: true, undici: { headersTimeout: 1000 } }, { base: 'http://127.0.0.1:1' }]) {
  test(`it asks its host for decorateReply('from'), addHook and onClose, with ${JSON.stringify(options)}`, async () => {
    const { calls, touched } = await watched(options as FastifyReplyFromOptions)
    assert.deepEqual([...touched].sort(), ['addHook', 'decorateReply', 'onClose'])
    assert.deepEqual(calls.map(([method, first]) => method === 'onClose' ? [method, typeof first] : [method, first]), [
      ['decorateReply', 'from'], ['addHook', 'onReady'], ['onClose', 'function']
    ])
  })
}

test('its onClose listener calls back, and needs no host', async () => {
  const { calls } = await watched({})
  const listener = calls.find(([method]) => method === 'onClose')?.[1] as (host: unknown, done: () => void) => void
  await new Promise<void>((resolve) => listener(undefined, resolve))
})

test('what is loaded is `reply.from`, a new one each time', async () => {
  const [one, two] = [await loadReplyFrom({}), await loadReplyFrom({})]
  assert.equal(typeof one, 'function')
  assert.notEqual(one, two)
  await one.close()
  await two.close()
})

test('options that reply-from refuses are refused', async () => {
  await assert.rejects(loadReplyFrom({ http2: true }), /Option base is required when http2 is true/)
})

test('with destroyAgent its close ends the connections that it made', async (t) => {
  const upstream = await startDouble(answer(200, {}, 'x'))
  t.after(() => upstream.close())
  const from = await loadReplyFrom({ destroyAgent: true, undici: {} })
  await new Promise<void>((resolve) => {
    const reply = { request: { raw: { method: 'GET', url: '/', headers: {}, complete: true }, log: { info () {}, warn () {} } }, header () {}, code () {} }
    from.call(reply as never, upstream.origin, { onResponse: (_request, _reply, response) => { (response as unknown as { stream: NodeJS.ReadableStream }).stream.on('end', resolve).resume() } })
  })
  assert.equal(upstream.connections.open, 1)
  await from.close()
  await eventually('none is open', () => upstream.connections.open === 0)
})
