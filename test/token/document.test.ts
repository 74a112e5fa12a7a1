// A public document of the authorization server's: one GET, one JSON object, within a time and a size.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readDocument } from '../../lib/token/document.ts'
import { exchange } from '../../lib/token/exchange.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { eventually } from './eventually.ts'
import { refused } from './refused.ts'

const maxBytes = 10_000
const timeout = 80
let server: doubles.Double
before(async () => { server = await doubles.startDouble(doubles.hang) })
after(() => server.close())

async function read (behaviour: doubles.Behaviour): Promise<Record<string, unknown>> {
  server.behave(behaviour)
  const documents = exchange({ tls: { current: () => ({}) }, timeout, maxBytes })
  const startedAt = performance.now()
  try {
    return await readDocument(documents, new URL('/document?a=1', server.origin), 'the document')
  } finally {
    assert.ok(performance.now() - startedAt < timeout + 350, 'much later than the time limit')
    await documents.close()
  }
}

test('251: one GET for JSON that carries nothing of ours', async () => {
  assert.deepEqual(await read(doubles.json({ a: 1 })), { a: 1 })
  const { method, url, headers, body } = server.calls.at(-1) as doubles.Call
  assert.deepEqual([method, url, body, headers.accept, headers['accept-encoding']], ['GET', '/document?a=1', '', 'application/json', 'identity'])
  assert.deepEqual([headers.authorization, headers.cookie], [undefined, undefined])
})

for (const type of ['application/json', 'Application/JSON', 'application/json;charset=utf-8', 'application/json ; charset="UTF-8" ', 'application/jwk-set+json', 'application/vnd.x+json']) {
  test(`241: the content type ${type} is JSON`, async () => {
    assert.deepEqual(await read(doubles.jsonText('{}', type)), {})
  })
}

const otherTypes = ['text/json', 'text/plain', 'application/jsonp', 'application/javascript', 'application/json, text/html', 'application/json;charset=latin1', 'application/json;x=y', 'application/jwt', 'json']
for (const type of otherTypes) {
  test(`241: the content type ${type} is not`, async () => {
    await refused('issuer_bad_response', read(doubles.jsonText('{}', type)))
  })
}

for (const status of [201, 204, 206, 300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 410, 418]) {
  test(`241, 251: status ${status} is no document`, async () => {
    const before = server.calls.length
    const behaviour = doubles.answer(status, { ...doubles.jsonType, location: `${server.origin}/elsewhere` }, [204, 304].includes(status) ? '' : '{}')
    const refusal = await refused('issuer_bad_response', read(behaviour))
    assert.equal(refusal.isOutage, undefined)
    assert.equal(server.calls.length, before + 1)
  })
}

for (const [status, retryAfter, seconds] of [[429, '7', 7], [500, '', 1], [502, 'soon', 1], [503, '120', 60], [504, '-1', 1], [503, '1000000000000', 1]] as const) {
  test(`status ${status} with Retry-After ${JSON.stringify(retryAfter)} is trouble of the server's, and says when to come back`, async () => {
    const refusal = await refused('issuer_unavailable', read(doubles.answer(status, { ...doubles.jsonType, ...(retryAfter === '' ? {} : { 'retry-after': retryAfter }) }, '{}')))
    assert.equal(refusal.retryAfter, seconds)
  })
}

for (const [name, behaviour] of Object.entries({ 'no answer': doubles.hang, 'a drip': doubles.drip, 'half a body': doubles.resetMidBody, 'a torn connection': doubles.reset })) {
  test(`251: ${name} is an outage, and ends in time`, async () => {
    assert.equal((await refused('issuer_unavailable', read(behaviour))).isOutage, true)
    await eventually('all connections are closed', () => server.connections.open === 0)
  })
}

test('251: as long as is read, and one byte more', async () => {
  const text = `{"a":"${'x'.repeat(maxBytes - 8)}"}`
  assert.equal(text.length, maxBytes)
  assert.ok(await read(doubles.jsonText(text)))
  assert.match((await refused('issuer_bad_response', read(doubles.jsonText(`${text} `)))).detail ?? '', /longer than we read/)
})

for (const [name, behaviour] of Object.entries({
  'no end': doubles.endless,
  'a gzip bomb': doubles.gzipBomb,
  'a BOM': doubles.withBom,
  'UTF-16': doubles.inUtf16,
  'no UTF-8': doubles.notUtf8,
  'half an object': doubles.truncated,
  'a member twice': doubles.duplicateMembers,
  nothing: doubles.jsonText(''),
  null: doubles.jsonText('null'),
  'a list': doubles.jsonText('[{}]'),
  'a text': doubles.jsonText('"x"'),
  'two objects': doubles.jsonText('{}{}'),
  'deep nesting': doubles.jsonText(`{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`)
})) {
  test(`241: ${name} is a fault`, async () => {
    const refusal = await refused('issuer_bad_response', read(behaviour))
    assert.match(refusal.detail ?? '', /^the document: /)
  })
}

test('an object whose prototype is named in it has no member more', async () => {
  const document = await read(doubles.prototypeMember)
  assert.equal(document['active'], undefined)
})
