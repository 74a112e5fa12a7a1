// What each status means. The body says "active" wherever it can: it must not matter.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { answer, json, jsonText, jsonType, redirect, startDouble, type Behaviour, type Double } from '../doubles/authorization-server.ts'
import type { Reason } from '../../types/decision.ts'
import { refused } from './refused.ts'
import { resolverAt } from './resolver-at.ts'

let server: Double
before(async () => { server = await startDouble(json({})) })
after(() => server.close())

async function resolve (behaviour: Behaviour) {
  server.behave(behaviour)
  const resolver = resolverAt(server.origin)
  return resolver.record('abc').finally(() => resolver.close())
}

const active = { active: true, sub: 'alice' }
const meanings: Array<[id: string, status: number, reason: Reason]> = [
  ['I4', 201, 'issuer_bad_response'],
  ['I4', 202, 'issuer_bad_response'],
  ['I4', 203, 'issuer_bad_response'],
  ['I4', 206, 'issuer_bad_response'],
  ['55, I5', 400, 'issuer_bad_response'],
  ['54, I6', 401, 'issuer_refused_us'],
  ['54, I6', 403, 'issuer_refused_us'],
  ['55, I7', 404, 'issuer_bad_response'],
  ['55, I7', 405, 'issuer_bad_response'],
  ['55, I7', 410, 'issuer_bad_response'],
  ['55, I7', 413, 'issuer_bad_response'],
  ['55, I7', 415, 'issuer_bad_response'],
  ['55, I7', 418, 'issuer_bad_response'],
  ['55, I8', 429, 'issuer_unavailable'],
  ['55, I9', 500, 'issuer_unavailable'],
  ['55, I9', 501, 'issuer_unavailable'],
  ['55, I9', 502, 'issuer_unavailable'],
  ['55, I8', 503, 'issuer_unavailable'],
  ['55, I9', 504, 'issuer_unavailable'],
  ['55, I9', 599, 'issuer_unavailable']
]

for (const [id, status, reason] of meanings) {
  test(`${id}: status ${status} is ${reason}`, async () => {
    const refusal = await refused(reason, resolve(json(active, status)))
    assert.equal(refusal.detail, `status ${status}`)
  })
}

for (const [status, isOutage] of [[429, true], [500, false], [501, false], [502, true], [503, true], [504, true], [599, false]] as const) {
  test(`I9: status ${status} ${isOutage ? 'is an outage: the next token would fail too' : 'may be about this one token'}`, async () => {
    assert.equal((await refused('issuer_unavailable', resolve(json(active, status)))).isOutage, isOutage)
  })
}

test('I4: status 204', async () => {
  assert.equal((await refused('issuer_bad_response', resolve(answer(204, {})))).detail, 'status 204')
})

for (const error of ['invalid_client', 'unauthorized_client']) {
  test(`I6: status 400 with ${error} is about us, not about the token`, async () => {
    await refused('issuer_refused_us', resolve(json({ error }, 400)))
  })
}

test('I5: status 400 with another error is no verdict', async () => {
  await refused('issuer_bad_response', resolve(json({ error: 'unsupported_token_type' }, 400)))
  await refused('issuer_bad_response', resolve(json({ error: ['invalid_client'] }, 400)))
})

test('I5: only JSON can say in a 400 that our client is refused', async () => {
  const body = '{"error":"invalid_client"}'
  await refused('issuer_bad_response', resolve(answer(400, { 'content-type': 'text/html' }, body)))
  await refused('issuer_bad_response', resolve(answer(400, jsonType, `${body}x`)))
})

for (const [retryAfter, seconds] of [
  ['120', 60], ['60', 60], ['59', 59], ['7', 7], ['1', 1], ['0', 1], ['-1', 1], ['banana', 1], ['', 1], ['1.5', 1], ['1000000000000', 1], ['9999999999', 60],
  ['Fri, 31 Dec 2027 23:59:59 GMT', 60], ['Fri, 31 Dec 1999 23:59:59 GMT', 1], ['7, 8', 1]
] as Array<[string, number]>) {
  for (const status of [429, 503]) {
    test(`I8: status ${status} with Retry-After "${retryAfter}" has the client wait ${seconds} s`, async () => {
      const refusal = await refused('issuer_unavailable', resolve(answer(status, { ...jsonType, 'retry-after': retryAfter })))
      assert.equal(refusal.retryAfter, seconds)
    })
  }
}

test('I8: Retry-After that stands twice gives the least', async () => {
  const refusal = await refused('issuer_unavailable', resolve((_call, response) => {
    response.writeHead(503, ['retry-after', '7', 'retry-after', '8']).end()
  }))
  assert.equal(refusal.retryAfter, 1)
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`42, I4: the target of a ${status} is never contacted`, async () => {
    const target = await startDouble(json(active))
    await refused('issuer_bad_response', resolve(redirect(status, `${target.origin}/steal`)))
    await target.close()
    assert.equal(target.connections.made, 0)
    assert.equal(target.calls.length, 0)
  })
}

test('I4: a redirect to itself is not followed, nor one to a file', async () => {
  for (const location of ['/introspect', 'file:///etc/passwd']) {
    const before = server.calls.length
    await refused('issuer_bad_response', resolve(redirect(302, location)))
    assert.equal(server.calls.length, before + 1)
  }
})

test('a `Location`, `Refresh` or `Link` beside status 200 is nothing to us', async () => {
  const record = await resolve(answer(200, { ...jsonType, location: 'http://127.0.0.1:1/', refresh: '0;url=http://127.0.0.1:1/' }, JSON.stringify(active)))
  assert.equal(record?.claims.sub, 'alice')
})

test('nothing is asked a second time, whatever the status', async () => {
  for (const status of [401, 408, 429, 500, 503]) {
    const before = server.calls.length
    await assert.rejects(resolve(json(active, status)))
    assert.equal(server.calls.length, before + 1)
  }
})

test('early hints before the answer change nothing', async () => {
  const record = await resolve((call, response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' })
    jsonText(JSON.stringify(active))(call, response)
  })
  assert.equal(record?.claims.sub, 'alice')
})
