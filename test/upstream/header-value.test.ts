// The values of headers that an upstream gets: constants, claims, secrets.
import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { HeaderValue } from '../../lib/options.ts'
import { headerSetters } from '../../lib/upstream/header-value.ts'
import { requestHeaders } from '../../lib/upstream/rewrite.ts'
import type { Claims } from '../../types/access-token.ts'
import { verified } from './verified.ts'

/** What a header is set to for a token with these claims. */
async function valueOf (source: HeaderValue, claims: Record<string, unknown> | null): Promise<string | undefined> {
  const [setter] = await headerSetters({ 'X-Value': source }, 'upstream', assert.fail)
  assert.equal(setter?.name, 'x-value')
  return setter.value(claims as Claims | null)
}

function json (text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(Buffer.from(text, 'base64url').toString())
}

async function secretFile (t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'header-value-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'secret')
  await writeFile(file, text)
  return file
}

test('a constant is itself, with a token and without', async () => {
  assert.equal(await valueOf('one', {}), 'one')
  assert.equal(await valueOf('one', null), 'one')
})

test('a claim is named, or a list of names leads to it', async () => {
  const claims = { sub: 'alice', act: { sub: 'proxy', deep: { er: 'down' } }, 'act.sub': 'dotted' }
  assert.equal(await valueOf({ claim: 'sub' }, claims), 'alice')
  assert.equal(await valueOf({ claim: ['sub'] }, claims), 'alice')
  assert.equal(await valueOf({ claim: ['act', 'sub'] }, claims), 'proxy')
  assert.equal(await valueOf({ claim: ['act', 'deep', 'er'] }, claims), 'down')
  assert.equal(await valueOf({ claim: 'act.sub' }, claims), 'dotted')
})

test('without a token there is no claim', async () => {
  for (const encoding of ['plain', 'percent', 'base64url'] as const) assert.equal(await valueOf({ claim: 'sub', encoding }, null), undefined)
})

for (const claim of [['act', 'none'], ['none', 'sub'], ['sub', 'length'], ['list', 'length'], ['list', '0'], ['nothing', 'sub'], ['act', 'toString'], ['act', 'constructor', 'name'], ['act', '__proto__', 'sub']]) {
  test(`S-42: nothing stands under ${claim.join(' > ')}`, async () => {
    const claims = { sub: 'alice', act: { sub: 'proxy' }, list: ['alice'], nothing: null }
    for (const encoding of ['plain', 'percent', 'base64url'] as const) assert.equal(await valueOf({ claim, encoding }, claims), undefined)
  })
}

test('plain is the default', async () => {
  for (const value of ['alice', 'a%20b', 7, true, 'caf\u00e9', { a: 1 }, ['alice'], null, '']) {
    assert.equal(await valueOf({ claim: 'c', encoding: 'plain' }, { c: value }), await valueOf({ claim: 'c' }, { c: value }))
  }
})

const percents: Array<[claim: unknown, text: string | undefined]> = [
  ['alice', 'alice'], ['J\u00f6rg \u{1f511}', 'J%C3%B6rg%20%F0%9F%94%91'], ['x\r\nX-Admin: 1\0', 'x%0D%0AX-Admin%3A%201%00'], ['100%', '100%25'], [' a ', '%20a%20'],
  ['\ud800', undefined], ['a\udc00b', undefined], ['', undefined], [7, undefined], [true, undefined], [null, undefined], [['alice'], undefined], [{ a: 1 }, undefined],
  ['x'.repeat(4096), 'x'.repeat(4096)], ['x'.repeat(4097), undefined], ['\u00e9'.repeat(683), undefined], ['x'.repeat(1_048_576), undefined]
]
for (const [claim, text] of percents) {
  test(`S-34: percent: ${JSON.stringify(claim).slice(0, 24)} is ${text?.slice(0, 24) ?? 'not sent'}`, async () => {
    assert.equal(await valueOf({ claim: 'c', encoding: 'percent' }, { c: claim }), text)
  })
}

for (const claim of ['alice', '', 'J\u00f6rg \u{1f511}', 'x\r\ny\0', '\ud800', 7, -1.5, true, null, ['alice', { a: [null] }], { roles: ['a', 'b'] }, {}]) {
  test(`S-34: base64url: ${JSON.stringify(claim)} is its JSON text`, async () => {
    const sent = await valueOf({ claim: 'c', encoding: 'base64url' }, { c: claim })
    assert.match(sent ?? '', /^[A-Za-z0-9_-]+$/)
    assert.deepEqual(json(sent), claim)
  })
}

const unencodable: Array<[name: string, claim: unknown]> = [
  ['a number that was rounded', 2 ** 53], ['one inside', { account: [{ id: 2 ** 60 }] }], ['1e999, which is read as Infinity', Infinity],
  ['a text too long', 'x'.repeat(3100)], ['1 MB', 'x'.repeat(1_048_576)]
]
for (const [name, claim] of unencodable) {
  test(`S-34: base64url: ${name} is not sent`, async () => assert.equal(await valueOf({ claim: 'c', encoding: 'base64url' }, { c: claim }), undefined))
}

test('S-34: whatever a claim is and however it is encoded, the value is absent or one that Node sends, and nothing throws', async () => {
  const claim = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 6000 }), fc.jsonValue())
  for (const encoding of ['plain', 'percent', 'base64url'] as const) {
    const [setter] = await headerSetters({ x: { claim: ['a', 'b'], encoding } }, 'upstream', assert.fail)
    fc.assert(fc.property(claim, (b) => {
      const value = setter?.value({ a: { b } } as never)
      assert.ok(value === undefined || (value.length <= 4096 && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)))
    }), { numRuns: 1000 })
  }
})

test('a secret out of the environment, and one in base64', async (t) => {
  process.env['HEADER_VALUE_TEST'] = 'YS1zZWNyZXQ='
  t.after(() => { delete process.env['HEADER_VALUE_TEST'] })
  assert.equal(await valueOf({ env: 'HEADER_VALUE_TEST' }, null), 'YS1zZWNyZXQ=')
  assert.equal(await valueOf({ env: 'HEADER_VALUE_TEST', encoding: 'base64' }, {}), 'a-secret')
})

test('a secret out of a file is read again when the file changes, and kept when the new one cannot be sent', async (t) => {
  const file = await secretFile(t, 'first\n')
  const told: string[] = []
  let now = Date.now()
  t.mock.method(Date, 'now', () => now)
  const [setter] = await headerSetters({ 'x-key': { file } }, 'upstream', (detail) => told.push(detail))
  const afterChange = async (text: string): Promise<string | undefined> => {
    await writeFile(file, text)
    await utimes(file, new Date(now), new Date(now))
    now += 2000
    return setter?.value(null)
  }
  assert.equal(setter?.value(null), 'first')
  assert.equal(await afterChange('second'), 'second')
  assert.equal(await afterChange('third\r\nX-Admin: 1'), 'second')
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /^the new file is not used: upstream\.headers\.x-key: found a secret that cannot stand in a header; allowed: /)
  assert.equal(told[0]?.includes('third'), false)
  assert.equal(await afterChange('fourth'), 'fourth')
})

const unsendable: Array<[name: string, secret: string]> = [
  ['a line break', 'hidden\r\nX-Admin: 1'], ['LF', 'hidden\nx'], ['NUL', 'hidden\0'], ['latin-1', 'hidden-\u00e9'], ['a tab', 'hidden\tx'],
  ['a space at its end', 'hidden '], ['4097 characters', 'hidden' + 'x'.repeat(4091)]
]
for (const [name, secret] of unsendable) {
  test(`a secret with ${name} stops the boot, and the error does not show it`, async (t) => {
    const file = await secretFile(t, secret)
    await assert.rejects(headerSetters({ 'X-Key': { file } }, 'upstream', assert.fail), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      assert.match(error.message, /^upstream\.headers\.X-Key: found a secret that cannot stand in a header; allowed: printable ASCII/)
      assert.equal(`${error.message}${error.stack}`.includes('hidden'), false)
      return true
    })
  })
}

test('a secret that is not there, is empty or cannot be read stops the boot', async (t) => {
  delete process.env['HEADER_VALUE_TEST']
  const wrong: Array<[HeaderValue, RegExp]> = [
    [{ env: 'HEADER_VALUE_TEST' }, /^upstream\.headers\.x-key: the environment variable HEADER_VALUE_TEST is not set$/],
    [{ file: '/nowhere/secret' }, /^upstream\.headers\.x-key: cannot read \/nowhere\/secret \(ENOENT\)$/],
    [{ file: await secretFile(t, '\n') }, /^upstream\.headers\.x-key: found an empty secret/],
    [{ file: await secretFile(t, 'no base64 !'), encoding: 'base64' }, /^upstream\.headers\.x-key: found something that is not base64/]
  ]
  for (const [source, message] of wrong) await assert.rejects(headerSetters({ 'x-key': source }, 'upstream', assert.fail), { code: 'FST_BOUND_TOKEN_OPTIONS', message })
})

test('S-40, Law 6: on a public route constants and secrets are set, claims and the certificate are not; in report mode nothing is', async (t) => {
  const headers = { 'x-gateway': 'one', 'x-key': { file: await secretFile(t, 'secret') }, 'x-subject': { claim: 'sub' } }
  const options = { url: 'http://upstream.example', headers, certificate: { header: 'x-thumb' }, token: 'jwt' as const }
  const rewrite = requestHeaders(options, await headerSetters(headers, 'upstream', assert.fail), new Set(['x-gateway', 'x-key', 'x-subject', 'x-thumb']))
  const sent = { accept: '*/*', authorization: 'Bearer x', 'x-gateway': 'two', x_key: 'forged', 'x-subject': 'root', 'x-thumb': 'forged' }
  assert.deepEqual(rewrite(sent, 'public'), { accept: '*/*', 'x-gateway': 'one', 'x-key': 'secret' })
  assert.deepEqual(rewrite(sent, null), { accept: '*/*' })
  assert.deepEqual(Object.keys(rewrite(sent, verified())).sort(), ['accept', 'x-gateway', 'x-key', 'x-subject', 'x-thumb'])
})

test('Law 8: a name that begins to be dropped is dropped, though requests with it went on before', async () => {
  const dropped = new Set<string>()
  const rewrite = requestHeaders({ url: 'http://upstream.example' }, [], dropped)
  assert.deepEqual(rewrite({ 'x-late': '1', x_late: '1' }, null), { 'x-late': '1', x_late: '1' })
  dropped.add('x-late')
  assert.deepEqual(rewrite({ 'x-late': '1', x_late: '1', 'x-other': '1' }, null), { 'x-other': '1' })
})

test('more names than are remembered are all judged', async () => {
  const rewrite = requestHeaders({ url: 'http://upstream.example' }, [], new Set(['x-ours']))
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 1500; n++) {
      const name = `x-${round}-${n}`
      assert.deepEqual(rewrite({ [name]: '1', x_ours: '1', 'x-ours': '1', ['x'.repeat(100)]: '1' }, null), { [name]: '1', ['x'.repeat(100)]: '1' })
    }
  }
})
