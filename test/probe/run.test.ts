import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { probeRun } from '../../lib/probe/run.ts'
import { owner, optionsFor, protectedApp } from '../guard/protected-app.ts'
import type { Secret } from '../../types/options.ts'
import { probedApp, secret, type Asked } from './probed-app.ts'

const open = ['bound-token-probe', secret] as const

/** A logger that keeps what it is told. */
function keepingLog (): { lines: unknown[][], log: Parameters<typeof probeRun>[1] } {
  const lines: unknown[][] = []
  const keep = (...line: unknown[]): void => { lines.push(line) }
  return { lines, log: { info: keep, warn: keep } as unknown as Parameters<typeof probeRun>[1] }
}

test('without the secret, with a wrong one, another case of it, or in two lines: as if there were no probe', async (t) => {
  const { ask, logged } = await probedApp(t)
  const { app } = await protectedApp(t, () => {}, { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] } })
  const without = await app.inject({ url: '/nowhere' })
  const headers = [[], [['bound-token-probe', `${secret}0`]], [['bound-token-probe', secret.toUpperCase()]], [['bound-token-probe', '']],
    [['bound-token-probe', secret.slice(1)]], [open, open], [open, ['Bound-Token-Probe', 'x']], [['bound_token_probe', secret]], [['bound-token-probe', `${secret}, ${secret}`]]] as Array<Array<readonly [string, string]>>
  const answered: Asked[] = []
  for (const lines of headers) answered.push(await ask(lines, '/nowhere'))
  for (const { status, body, echo } of answered) assert.deepEqual([status, body, echo], [without.statusCode, without.body, null])
  for (const lines of headers) assert.equal((await ask(lines, '/public')).body, 'public')
  assert.ok(!logged.some((line) => line.includes('the probe was opened')))
})

test('a request without the secret is guarded while the probe is open', async (t) => {
  const { app, ask } = await probedApp(t)
  assert.notEqual((await ask([open])).echo, null)
  const headers = { authorization: 'Bearer good', 'x-ssl-cert': owner.escaped, 'x-ssl-verify': 'SUCCESS' }
  assert.equal((await app.inject({ url: '/', headers })).json().only, 'in')
  assert.equal((await app.inject({ url: '/', headers: { ...headers, authorization: 'Bearer other' } })).statusCode, 401)
})

test('the run is over when the probe says so, and the secret is worth nothing; the log tells', async (t) => {
  const { ask, logged } = await probedApp(t)
  const about = (level: number): string[] => logged.map((line) => JSON.parse(line)).filter(({ msg, level: of }) => of === level && msg.includes('the probe')).map(({ msg }) => msg)
  assert.match(about(40).join(), /^the probe is open: .*take the option `probe` away/)
  assert.deepEqual(about(30), [])
  await ask([open])
  await ask([open])
  assert.deepEqual(about(30), ['the probe was opened'])
  assert.deepEqual(JSON.parse((await ask([open, ['bound-token-probe-sent', 'done']])).body), { probe: 1, isDone: true })
  assert.deepEqual(about(30), ['the probe was opened', 'the probe is closed; its secret is worth nothing until the next start'])
  for (const lines of [[open], [open, ['bound-token-probe-sent', 'done'] as const]]) assert.equal((await ask(lines, '/public')).body, 'public')
  assert.equal((await ask([open])).status, 401)
  assert.equal(about(30).length, 2)
})

test('the run is over after five minutes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { log, lines } = keepingLog()
  const run = probeRun(secret, log)
  t.mock.timers.tick(600_000)
  assert.ok(run.admits([...open]), 'they begin with the first use')
  t.mock.timers.tick(299_999)
  assert.ok(run.admits([...open]))
  t.mock.timers.tick(1)
  assert.ok(!run.admits([...open]))
  assert.deepEqual(lines.at(-1)?.[0], { why: '5 minutes', requests: 2 })
})

test('the run is over after 1000 requests', () => {
  const { log, lines } = keepingLog()
  const run = probeRun(secret, log)
  for (let i = 0; i < 5000; i++) run.admits(['bound-token-probe', 'wrong'])
  for (let i = 0; i < 1000; i++) assert.ok(run.admits([...open]), String(i))
  assert.ok(!run.admits([...open]))
  assert.deepEqual(lines.at(-1)?.[0], { why: '1000 requests', requests: 1000 })
})

test('a server that closes closes the run', async (t) => {
  const { app, ask, logged } = await probedApp(t)
  await ask([open])
  await app.close()
  assert.match(logged.join(''), /"why":"the server is closed"/)
})

const wrong: Array<[name: string, secret: Secret, message: RegExp]> = [
  ['31 characters', 'x'.repeat(31), /^options\.probe\.secret: found a secret of 31 characters; allowed: at least 32 visible ASCII characters/],
  ['no characters', () => '', /^options\.probe\.secret: found an empty secret/],
  ['a space', `${secret} ${secret}`, /^options\.probe\.secret: found a secret with signs that no header can hold/],
  ['a line break', () => `${secret}\n`, /^options\.probe\.secret: found a secret with signs/],
  ['a variable that is not set', { env: 'NO_SUCH_VARIABLE_OF_A_PROBE' }, /^options\.probe\.secret: the environment variable NO_SUCH_VARIABLE_OF_A_PROBE is not set/],
  ['a file that is not there', { file: '/nowhere/secret' }, /^options\.probe\.secret: cannot read \/nowhere\/secret \(ENOENT\)/],
  ['a misspelt form', { evn: 'X' } as unknown as Secret, /^options\.probe\.secret: found an object; allowed: a string, \{ env \}, \{ file \}, or a function/]
]
for (const [name, wrongSecret, message] of wrong) {
  test(`the boot stops at a secret with ${name}, and does not say it`, async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await assert.rejects(async () => { await app.register(boundToken, optionsFor('http://127.0.0.1:1', { probe: { secret: wrongSecret } })) }, (error: Error) => {
      assert.match(error.message, message)
      return !error.message.includes(secret)
    })
  })
}

test('the boot stops at true in place of the secret, and at a route that would open a probe', async (t) => {
  const boot = async (options: object, config?: object): Promise<void> => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), ...options })
    app.get('/', { config: { boundToken: config } as object }, async () => '')
  }
  await assert.rejects(boot({ probe: true }), /options\.probe: found true; allowed: an object with secret/)
  await assert.rejects(boot({ probe: {} }), /options\.probe\.secret: missing; allowed: a string, \{ env \}/)
  await assert.rejects(boot({}, { probe: { secret } }), /config\.boundToken\.probe: unknown option/)
})

test('the headers of the probe do not go upstream', async (t) => {
  const upstream = Fastify()
  t.after(() => upstream.close())
  upstream.get('/', async ({ headers }) => headers)
  const url = await upstream.listen({ host: '127.0.0.1', port: 0 })
  const { forward } = await import('../../lib/index.ts')
  const { app } = await protectedApp(t, (app) => {
    app.get('/', { config: { boundToken: { upstream: { url } } } }, forward)
  }, { probe: { secret } })
  const headers = { authorization: 'Bearer good', 'x-ssl-cert': owner.escaped, 'bound-token-probe': 'a mistyped secret', 'bound-token-probe-sent': 'x', 'x-other': 'kept' }
  const arrived = (await app.inject({ url: '/', headers })).json() as Record<string, string>
  assert.deepEqual([arrived['x-other'], arrived['bound-token-probe'], arrived['bound-token-probe-sent']], ['kept', undefined, undefined])
})
