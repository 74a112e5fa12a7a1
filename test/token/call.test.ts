import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Agent } from 'undici'
import { call, type Answered, type Listener } from '../../lib/token/call.ts'
import { hang, json, startDouble, type Behaviour, type Double } from '../doubles/authorization-server.ts'

async function pair (t: TestContext, behaviour: Behaviour): Promise<[Double, Agent]> {
  const server = await startDouble(behaviour)
  const agent = new Agent({ connections: 1, pipelining: 1 })
  t.after(async () => {
    await agent.destroy()
    await server.close()
  })
  return [server, agent]
}

interface Told {
  readonly events: string[]
  /** Its answer, or the error; never rejects. */
  readonly end: Promise<Answered | Error>
  readonly letGo: Promise<void>
  giveUp (): void
}

function started (agent: Agent, { origin }: Double, maxBytes = 1000): Told {
  const events: string[] = []
  const end = deferred<Answered | Error>()
  const letGo = deferred<void>()
  const note = (event: string): void => { events.push(event) }
  const listener: Listener = {
    answering () { note('answering') },
    answered (answered) { note('answered'); end.resolve(answered) },
    failed (error) { note('failed'); end.resolve(error) },
    letGo () { note('letGo'); letGo.resolve() }
  }
  const giveUp = call(agent, { origin, path: '/introspect', method: 'POST', headers: {}, body: 'token=abc' }, maxBytes, listener)
  return { events, end: end.promise, letGo: letGo.promise, giveUp }
}

// Node 20 has no Promise.withResolvers().
function deferred<Value> (): { promise: Promise<Value>, resolve: (value: Value) => void } {
  let settle!: (value: Value) => void
  const promise = new Promise<Value>((resolve) => { settle = resolve })
  return { promise, resolve: settle }
}

test('an answer, whole; its place is free before anybody learns of it', async (t) => {
  const [server, agent] = await pair(t, (_call, response) => {
    response.setHeader('content-type', 'application/json').setHeader('age', ['1', '2']).write('{"active"')
    setImmediate(() => response.end(':true}'))
  })
  const { end, events } = started(agent, server)
  const answered = await end as Answered
  assert.deepEqual({ ...answered, body: String(answered.body) }, {
    status: 200, contentType: 'application/json', contentEncoding: '', retryAfter: '', cacheControl: '', age: '1, 2', body: '{"active":true}'
  })
  assert.deepEqual(events, ['answering', 'letGo', 'answered'])
})

test('RFC 8297: hints come before the answer, and are none', async (t) => {
  const [server, agent] = await pair(t, (called, response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' }, () => json({ active: true })(called, response))
  })
  const { end, events } = started(agent, server)
  assert.equal((await end as Answered).status, 200)
  assert.deepEqual(events, ['answering', 'letGo', 'answered'])
})

test('a longer answer than is read is one without a body, and its connection is closed', async (t) => {
  const [server, agent] = await pair(t, (_call, response) => { response.writeHead(200).write('x'.repeat(1001)) })
  const { end, letGo } = started(agent, server)
  assert.equal((await end as Answered).body, null)
  await letGo
})

test('what is given up while it waits for a connection is never sent, and lets go', async (t) => {
  const [server, agent] = await pair(t, hang)
  const first = started(agent, server)
  const second = started(agent, server)
  second.giveUp()
  first.giveUp()
  await Promise.all([first.letGo, second.letGo])
  server.behave(json({ active: true }))
  assert.equal((await started(agent, server).end as Answered).status, 200)
  assert.deepEqual(server.calls.map(({ body }) => body), ['token=abc'])
  assert.deepEqual([first.events, second.events], [['letGo', 'failed'], ['letGo', 'failed']])
})

test('an agent that is closed fails, and lets go', async (t) => {
  const [server, agent] = await pair(t, hang)
  await agent.destroy()
  const { end, events } = started(agent, server)
  assert.ok(await end instanceof Error)
  assert.deepEqual(events, ['letGo', 'failed'])
})
