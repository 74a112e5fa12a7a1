// `upstream.request`: what stands in a request of our own, and what of the client's does not.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkOwnRequest, compileOwnRequest, contentHeaders, needsClaims, withoutContent, type Replacement } from '../../lib/upstream/own-request.ts'
import type { UpstreamOptions, UpstreamRequestOptions } from '../../lib/options.ts'

const url = 'http://127.0.0.1:1'

async function made (request: UpstreamRequestOptions, claims: Record<string, unknown> | null = {}): Promise<Replacement> {
  return (await compileOwnRequest(request, 'upstream.request', () => {}))(claims as never)
}

async function formOf (form: NonNullable<UpstreamRequestOptions['form']>, claims: Record<string, unknown> | null = {}): Promise<string | null> {
  return (await made({ path: '/login', form }, claims)).form
}

test('constants and claims, encoded as forms are', async () => {
  const form = { user: { claim: 'mail' }, 'pass word': { claim: 'password' }, fixed: 'a b&c=d+%' }
  const text = await formOf(form, { mail: 'a@b.example', password: 'p&x=1\r\n+%20\u00e9 \u20ac' })
  assert.equal(text, 'user=a%40b.example&pass+word=p%26x%3D1%0D%0A%2B%2520%C3%A9+%E2%82%AC&fixed=a+b%26c%3Dd%2B%25')
  assert.deepEqual([...new URLSearchParams(text as string)], [['user', 'a@b.example'], ['pass word', 'p&x=1\r\n+%20\u00e9 \u20ac'], ['fixed', 'a b&c=d+%']])
})

test('booleans, and numbers that were not rounded', async () => {
  for (const [claim, text] of [[true, 'true'], [false, 'false'], [0, '0'], [-1.5, '-1.5'], [Number.MAX_SAFE_INTEGER, '9007199254740991']] as const) {
    assert.equal(await formOf({ x: { claim: 'x' } }, { x: claim }), `x=${text}`)
  }
})

test('names that lead to a claim inside others', async () => {
  const claims = { a: { 'b.c': { d: 'found' }, list: ['no'] }, 'a.b': 'dotted' }
  assert.equal(await formOf({ x: { claim: ['a', 'b.c', 'd'] }, y: { claim: 'a.b' } }, claims), 'x=found&y=dotted')
})

const none: Array<[name: string, claim: string | string[], claims: Record<string, unknown>]> = [
  ['absent', 'x', {}],
  ['null', 'x', { x: null }],
  ['an object', 'x', { x: { toString: 'y' } }],
  ['a list', 'x', { x: ['y'] }],
  ['a member of a list', ['x', '0'], { x: ['y'] }],
  ['the length of a list', ['x', 'length'], { x: ['y'] }],
  ['the length of a text', ['x', 'length'], { x: 'y' }],
  ['inherited', 'toString', {}],
  ['inherited further in', ['x', 'constructor', 'name'], { x: {} }],
  ['of the prototype', ['__proto__', 'x'], Object.create({ x: 'y' })],
  ['inherited from another object', 'x', Object.create({ x: 'y' })],
  ['a path that goes on behind a text', ['x', 'y'], { x: 'y' }],
  ['an empty text', 'x', { x: '' }],
  ['a rounded number', 'x', { x: 2 ** 53 }],
  ['no number', 'x', { x: NaN }],
  ['infinite', 'x', { x: Infinity }],
  ['half a character', 'x', { x: 'a\ud800' }],
  ['the other half', 'x', { x: '\udc00a' }],
  ['a text with a NUL', 'x', { x: 'alice\0bob' }],
  ['a long text', 'x', { x: 'a'.repeat(8193) }]
]
for (const [name, claim, claims] of none) {
  test(`a claim that is ${name} refuses the request`, async () => {
    await assert.rejects(formOf({ user: 'fixed', x: { claim } }, claims), { reason: 'claims_insufficient', statusCode: 403 })
  })
}

test('without claims a form that needs one is refused, and one that needs none is not', async () => {
  await assert.rejects(formOf({ x: { claim: 'sub' } }, null), { reason: 'claims_insufficient' })
  assert.equal(await formOf({ x: 'y' }, null), 'x=y')
})

test('a whole character outside the basic plane, and the longest text', async () => {
  assert.equal(await formOf({ x: { claim: 'x' } }, { x: '\u{1f600}' }), 'x=%F0%9F%98%80')
  assert.equal(await formOf({ x: { claim: 'x' } }, { x: 'a'.repeat(8192) }), `x=${'a'.repeat(8192)}`)
})

test('fields with names of Object.prototype', async () => {
  assert.equal(await formOf(Object.defineProperty({ constructor: 'a' }, '__proto__', { value: 'b', enumerable: true }) as never), 'constructor=a&__proto__=b')
})

function folderFor (t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'own-request-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('secrets by reference, a file again when it has changed', async (t) => {
  const file = join(folderFor(t), 'secret')
  writeFileSync(file, 'first\n')
  process.env['OWN_REQUEST_TEST'] = 'from the environment'
  t.after(() => { delete process.env['OWN_REQUEST_TEST'] })
  const make = await compileOwnRequest({ path: '/login', form: { a: { env: 'OWN_REQUEST_TEST' }, b: { file } } }, 'upstream.request', () => {})
  assert.equal(make(null).form, 'a=from+the+environment&b=first')
  writeFileSync(file, 'second\n')
  let now = Date.now() + 1000
  t.mock.method(Date, 'now', () => now)
  assert.equal(make(null).form, 'a=from+the+environment&b=second')
  writeFileSync(file, '')
  now += 1000
  assert.equal(make(null).form, 'a=from+the+environment&b=second')
})

test('a secret that is not there stops the boot', async (t) => {
  const file = join(folderFor(t), 'nothing')
  await assert.rejects(made({ path: '/login', form: { a: { file } } }), { code: 'FST_BOUND_TOKEN_OPTIONS', message: `upstream.request.form.a: cannot read ${file} (ENOENT)` })
  await assert.rejects(made({ path: '/login', form: { a: { env: 'NOT_SET_ANYWHERE' } } }), { message: 'upstream.request.form.a: the environment variable NOT_SET_ANYWHERE is not set' })
})

test('its method is POST unless another is given, and its headers say what its body is', async () => {
  const headersOf = async (request: UpstreamRequestOptions): Promise<[string, object]> => {
    const replacement = await made(request)
    return [replacement.method, contentHeaders(replacement)]
  }
  const form = { a: '\u20ac' }
  assert.deepEqual(await headersOf({ path: '/x', form }), ['POST', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '11' }])
  assert.deepEqual(await headersOf({ path: '/x', form, method: 'DELETE' }), ['DELETE', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '11' }])
  assert.deepEqual(await headersOf({ path: '/x', method: 'PUT' }), ['PUT', { 'content-length': '0' }])
  assert.deepEqual(await headersOf({ path: '/x', method: 'GET' }), ['GET', {}])
})

test('headers of the client that speak of its body, or of a part of the answer, under any alias', () => {
  const dropped = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-range', 'content-anything', 'content_type', 'transfer-encoding', 'transfer_encoding',
    'expect', 'range', 'if-match', 'if-none-match', 'if_modified_since', 'if-range', 'if-anything']
  const kept = ['accept', 'accept-encoding', 'cookie', 'x-content-type', 'iff', 'ranges', 'user-agent']
  const headers = Object.fromEntries([...dropped, ...kept].map((name) => [name, 'x']))
  assert.deepEqual(Object.keys(withoutContent(headers)), kept)
})

test('whether a token is needed', () => {
  const needs = (form?: NonNullable<UpstreamRequestOptions['form']>): boolean => needsClaims({ url, ...(form === undefined ? {} : { request: { path: '/x', form } }) })
  assert.equal(needs(), false)
  assert.equal(needs({ a: 'b', c: { env: 'D' } }), false)
  assert.equal(needs({ a: 'b', c: { claim: 'd' } }), true)
})

const wrong: Array<[name: string, options: Partial<UpstreamOptions>, message: RegExp]> = [
  ['a form with GET', { request: { method: 'GET', path: '/x', form: { a: 'b' } } }, /^upstream\.request\.form: found with the method GET/],
  ['an empty form with GET', { request: { method: 'GET', path: '/x', form: {} } }, /^upstream\.request\.form: found with the method GET/],
  ['a path beside it', { path: '/y', request: { path: '/x' } }, /^upstream\.path: found beside request/],
  ['WebSockets beside it', { websocket: true, request: { path: '/x' } }, /^upstream\.websocket: found beside request/],
  ['a query', { request: { path: '/x?y' } }, /^upstream\.request\.path: found a path with a query/],
  ['an ambiguous path', { request: { path: '/../x' } }, /^upstream\.request\.path: found an ambiguous path/],
  ['a path that is not encoded', { request: { path: '/x y' } }, /^upstream\.request\.path: found signs that must be percent-encoded/]
]
for (const [name, options, message] of wrong) {
  test(`${name} stops the boot`, () => {
    assert.throws(() => checkOwnRequest({ url, ...options }, 'upstream'), (error: Error & { code?: string }) => error.code === 'FST_BOUND_TOKEN_OPTIONS' && message.test(error.message))
  })
}
