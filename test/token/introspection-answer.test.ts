// Bodies and content types of an answer with status 200.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as doubles from '../doubles/authorization-server.ts'
import { refused } from './refused.ts'
import { resolverAt } from './resolver-at.ts'

const { answer, jsonText } = doubles
let server: doubles.Double
before(async () => { server = await doubles.startDouble(doubles.hang) })
after(() => server.close())

async function resolve (behaviour: doubles.Behaviour) {
  server.behave(behaviour)
  const resolver = resolverAt(server.origin)
  return resolver.record('abc').finally(() => resolver.close())
}

function refuses (name: string, behaviour: doubles.Behaviour, detail: string): void {
  test(name, async () => {
    const refusal = await refused('issuer_bad_response', resolve(behaviour))
    assert.equal(refusal.detail, detail)
  })
}

const notBoolean = '`active` is not a boolean'
const notObject = 'not one JSON object with each member once'
const notJson = 'the content type is not application/json'
const encoded = 'a content encoding that was not asked for'

for (const active of ['"true"', '"false"', '1', '0', 'null', '[true]', '{}', '"active"']) {
  refuses(`43, I1, S-30: \`active\` is ${active}`, jsonText(`{"active":${active},"sub":"alice"}`), notBoolean)
}
refuses('I1, S-30: `active` is missing', jsonText('{"sub":"alice"}'), notBoolean)
refuses('I1, S-30: `Active` is another member', jsonText('{"Active":true}'), notBoolean)

test('44, 45, I2: a token that is not active stays so, whatever stands beside it', async () => {
  assert.equal(await resolve(doubles.json({ active: false, exp: 9e9, scope: 7, aud: {}, cnf: 'x' })), null)
})
refuses('I2, S-30: `active` stands twice, the last one false', doubles.duplicateMembers, notObject)
refuses('I2, S-30: `active` stands twice, the last one true', jsonText('{"active":false,"active":true}'), notObject)
refuses('I2, S-30: `active` stands twice, once escaped', jsonText('{"active":true,"\\u0061ctive":false}'), notObject)
refuses('I2, S-30: a member stands twice somewhere below', jsonText('{"active":true,"cnf":{"x5t#S256":"a","x5t#S256":"b"}}'), notObject)
refuses('I2, S-30, S-42: `active` only on `__proto__`', doubles.prototypeMember, notBoolean)
refuses('I2, S-30, S-42: `active` only on `constructor`', jsonText('{"constructor":{"prototype":{"active":true}}}'), notBoolean)

refuses('I3: HTML', doubles.html, notJson)
refuses('I3: HTML that calls itself JSON', answer(200, doubles.jsonType, '<!doctype html>'), notObject)
refuses('I3: nothing', jsonText(''), notObject)
for (const text of ['[]', '[{"active":true}]', 'null', '"x"', 'true', '1', '{}']) {
  refuses(`I3: ${text}`, jsonText(text), text === '{}' ? notBoolean : notObject)
}
refuses('I3: truncated JSON', doubles.truncated, notObject)
refuses('I3: two objects', jsonText('{"active":true}{"active":true}'), notObject)
refuses('I3: a comment', jsonText('{"active":true}//'), notObject)
refuses('I3: single quotes', jsonText("{'active':true}"), notObject)
refuses('I3: JSON of another encoding: BOM', doubles.withBom, notObject)
refuses('I3: JSON of another encoding: UTF-16', doubles.inUtf16, notObject)
refuses('I3: JSON of another encoding: UTF-16, and says so', doubles.inUtf16WithCharset, notJson)
refuses('I3: JSON of another encoding: latin-1', doubles.notUtf8, notObject)
refuses('I3: an object of 100000 levels', jsonText(`{"active":true,"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), notObject)
refuses('I21: a JWT where JSON is agreed', answer(200, { 'content-type': 'application/token-introspection+jwt' }, 'eyJhbGciOiJub25lIn0.eyJhY3RpdmUiOnRydWV9.'), notJson)
refuses('I21: `token_introspection` inside JSON', doubles.json({ token_introspection: { active: true } }), notBoolean)

for (const type of [
  'text/plain', 'text/html', 'application/jwt', 'application/jsonp', 'application/json5', 'application/problem+json', 'application/*',
  'text/plain, application/json', 'application/json, text/html', 'application/json;charset=latin1', 'application/json; charset=utf-16',
  'application/json;charset=utf-8;charset=latin1', 'application/json; q=1', 'json', ''
]) {
  refuses(`I19: right JSON of content type "${type}"`, jsonText('{"active":true}', type), notJson)
}
refuses('I19: right JSON without a content type', (_call, response) => response.writeHead(200).end('{"active":true}'), notJson)
refuses('I19: right JSON of two content types', (_call, response) => {
  response.writeHead(200, ['content-type', 'application/json', 'content-type', 'text/html']).end('{"active":true}')
}, notJson)

for (const type of ['application/json', 'Application/JSON', 'application/json;charset=utf-8', 'application/json; charset=UTF-8', 'application/json ; charset="utf-8"']) {
  test(`content type "${type}" is JSON`, async () => {
    assert.equal((await resolve(jsonText('{"active":true,"sub":"alice"}', type)))?.claims.sub, 'alice')
  })
}

test('53: members that nobody knows are tolerated and kept', async () => {
  const record = await resolve(doubles.json({ active: true, 'urn:x': { a: [1, 'b', null] } }))
  assert.deepEqual(record?.claims['urn:x'], { a: [1, 'b', null] })
})

refuses('I28: a gzip bomb is refused, not unpacked', doubles.gzipBomb, encoded)
refuses('I28: brotli', answer(200, { ...doubles.jsonType, 'content-encoding': 'br' }, '{"active":true}'), encoded)
refuses('I28: two encodings', answer(200, { ...doubles.jsonType, 'content-encoding': 'identity, gzip' }, '{"active":true}'), encoded)
test('content encoding identity is none', async () => {
  assert.notEqual(await resolve(answer(200, { ...doubles.jsonType, 'content-encoding': 'identity' }, '{"active":true}')), null)
})
