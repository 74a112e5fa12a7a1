// The headers that go upstream, and those that come back.
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import type { UpstreamOptions } from '../../lib/options.ts'
import { headerSetters } from '../../lib/upstream/header-value.ts'
import { namesSetBy, requestHeaders, rewriteResponseHeaders, type Caller } from '../../lib/upstream/rewrite.ts'
import { headerCases } from '../certificate/vectors.ts'
import { unbound, verified } from './verified.ts'

const url = 'http://upstream.example'
const identity: Partial<UpstreamOptions> = { headers: { 'X-Auth-Subject': { claim: 'sub' }, 'x-gateway': 'one' } }

/** As the proxy does it: everything that these options set is dropped first. */
async function rewrite (options: Partial<UpstreamOptions>, headers: IncomingHttpHeaders, who: Caller = verified()): Promise<IncomingHttpHeaders> {
  return (await rewriter(options))(headers, who)
}

async function rewriter (options: Partial<UpstreamOptions>): Promise<(headers: IncomingHttpHeaders, who: Caller) => IncomingHttpHeaders> {
  const full = { url, ...options }
  return requestHeaders(full, await headerSetters(full.headers, 'upstream', assert.fail), new Set(namesSetBy(full, 'upstream')))
}

test('what the client sends goes on, except what belongs to this hop', async () => {
  const kept = { accept: '*/*', cookie: 'a=b', 'x-anything': '1', 'content-type': 'text/plain', 'content-length': '3', 'user-agent': 'x', forwarded: 'for=1', 'x-forwarded-for': '1' }
  const dropped = Object.fromEntries([
    'connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'proxy-authenticate', 'te', 'trailer', 'upgrade', 'expect', 'http2-settings'
  ].map((name) => [name, 'x']))
  assert.deepEqual(await rewrite({}, { ...kept, ...dropped }), kept)
})

test('nothing goes on from which some servers take another path or method than those that the policy was for', async () => {
  const names = ['x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-http-method', 'x-method-override', 'x_original_url', 'X-Original-URL']
  assert.deepEqual(await rewrite({}, Object.fromEntries(names.map((name) => [name, '/admin']))), {})
  assert.deepEqual(await rewrite({ headers: { 'x-original-url': '/ours' } }, { 'x-original-url': '/admin' }), { 'x-original-url': '/ours' })
})

test('the client\'s headers themselves are left alone', async () => {
  const headers = Object.freeze({ authorization: 'Bearer x', te: 'trailers', 'x-auth-subject': 'root' })
  await rewrite(identity, headers)
  assert.deepEqual(headers, { authorization: 'Bearer x', te: 'trailers', 'x-auth-subject': 'root' })
})

test('P11: Authorization is removed unless the route says forward', async () => {
  const authorization = 'Bearer abc'
  assert.deepEqual(await rewrite({}, { authorization }), {})
  assert.deepEqual(await rewrite({ token: 'remove' }, { authorization }), {})
  assert.deepEqual(await rewrite({ token: 'forward' }, { authorization }), { authorization })
})

for (const alias of ['authorization', 'Authorization', 'AUTHORIZATION']) {
  test(`P11: ${alias} is Authorization`, async () => assert.deepEqual(await rewrite({}, { [alias]: 'Bearer abc' }), {}))
}

for (const alias of ['x-auth-subject', 'X-AUTH-SUBJECT', 'x_auth_subject', 'x-auth_subject', 'X_Auth-Subject', 'x.auth.subject', 'x~auth~subject', 'x!auth#subject']) {
  test(`S-33, S-2, P1: the client's ${alias} is dropped, whether or not ours is set`, async () => {
    assert.deepEqual(await rewrite(identity, { [alias]: 'root' }), { 'x-auth-subject': 'alice', 'x-gateway': 'one' })
    assert.deepEqual(await rewrite(identity, { [alias]: 'root' }, verified({ sub: undefined })), { 'x-gateway': 'one' })
    assert.deepEqual(await rewrite(identity, { [alias]: 'root' }, null), {})
  })
}

for (const name of ['client-cert', 'client-cert-chain', 'Client_Cert', 'x-forwarded-client-cert', 'X_Forwarded_Client_Cert', 'x-ssl-cert', 'x_ssl_cert', 'x-ssl-verify', 'X_SSL_VERIFY']) {
  test(`S-33, S-1: the client's ${name} is dropped on every route`, async () => assert.deepEqual(await rewrite({}, { [name]: 'forged' }), {}))
}

for (const alias of ['content_length', 'transfer_encoding', 'proxy_authorization', 'content.type', 'keep_alive', 'te_']) {
  test(`S-2: ${alias} is not ${alias.replace(/[_.]/g, '-')}, and goes nowhere unless it is another name`, async () => {
    assert.deepEqual(Object.keys(await rewrite({}, { [alias]: '3', 'content-length': '5' })), alias === 'te_' ? [alias, 'content-length'] : ['content-length'])
  })
}

test('S-33, 104: the header of the certificate is dropped where there is no certificate to send', async () => {
  const options = { certificate: { header: 'X-Thumb' } }
  for (const who of [null, unbound()]) assert.deepEqual(await rewrite(options, { 'x-thumb': 'forged', x_thumb: 'forged' }, who), {})
})

test('the certificate goes on as a thumbprint, or as RFC 9440 has it', async () => {
  const { 'x5t#S256': thumbprint, certificate_pem: pem } = headerCases
  assert.deepEqual(await rewrite({ certificate: { header: 'X-Thumb' } }, {}), { 'x-thumb': thumbprint })
  assert.deepEqual(await rewrite({ certificate: { header: 'X-Thumb', format: 'x5t#S256' } }, {}), { 'x-thumb': thumbprint })
  const base64 = pem.replace(/-----[A-Z ]+-----|\s/g, '')
  assert.deepEqual(await rewrite({ certificate: { header: 'Client-Cert', format: 'rfc9440' } }, { 'client-cert': 'forged' }), { 'client-cert': `:${base64}:` })
})

test('S-40: report mode sends no identity, no certificate, no constants', async () => {
  assert.deepEqual(await rewrite({ ...identity, certificate: { header: 'X-Thumb' } }, { accept: '*/*', 'x-auth-subject': 'root' }, null), { accept: '*/*' })
})

const unsendable: Array<[name: string, claim: unknown]> = [
  ['a line break', 'x\r\nX-Admin: 1'], ['LF', 'a\nb'], ['CR', 'a\rb'], ['NUL', 'a\0b'], ['a tab', 'a\tb'], ['DEL', 'a\x7fb'], ['latin-1', 'caf\u00e9'], ['an emoji', '\u{1f511}'],
  ['a lone surrogate', '\ud800'], ['1 MB', 'x'.repeat(1_048_576)], ['4097 characters', 'x'.repeat(4097)], ['nothing', ''], ['a space', ' '], ['a space before', ' alice'],
  ['a space after', 'alice '], ['null', null], ['a number that was rounded', 2 ** 53], ['an object', { a: 1 }], ['a list', ['alice']], ['an empty list', []]
]
for (const [name, claim] of unsendable) {
  test(`S-34, I18: a claim of ${name} is not sent, and not the client's either`, async () => {
    assert.deepEqual(await rewrite({ headers: { 'x-claim': { claim: 'urn:c' } } }, { 'x-claim': 'forged' }, verified({ 'urn:c': claim })), {})
  })
}

for (const [claim, text] of [['a b', 'a b'], ['x'.repeat(4096), 'x'.repeat(4096)], ['~!"', '~!"'], [7, '7'], [0, '0'], [-7, '-7'], [1.5, '1.5'], [2 ** 53 - 1, '9007199254740991'], [true, 'true'], [false, 'false']]) {
  test(`a claim ${JSON.stringify(claim).slice(0, 20)} is sent`, async () => {
    assert.deepEqual(await rewrite({ headers: { 'x-claim': { claim: 'urn:c' } } }, {}, verified({ 'urn:c': claim })), { 'x-claim': text })
  })
}

for (const claim of ['toString', 'constructor', '__proto__', 'hasOwnProperty']) {
  test(`S-42: a token has no claim ${claim} unless it says so`, async () => {
    assert.deepEqual(await rewrite({ headers: { 'x-claim': { claim } } }, {}), {})
  })
}

test('S-34: whatever a claim is, the header is absent or a value that Node sends', async () => {
  const claim = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.jsonValue())
  const rewrite = await rewriter({ headers: { 'x-claim': { claim: 'urn:c' } } })
  fc.assert(fc.property(claim, (value) => {
    const sent = rewrite({}, verified({ 'urn:c': value }))['x-claim']
    assert.ok(sent === undefined || (typeof sent === 'string' && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(sent)))
  }), { numRuns: 3000 })
})

test('P3: a header that has one value has one, however often the upstream repeats it; others are joined, and cookies stay apart', async () => {
  const answered = { 'content-type': ['text/plain', 'text/html'], 'x-any': ['1', '2'], 'set-cookie': ['a=b', 'c=d'] } as unknown as IncomingHttpHeaders
  assert.deepEqual(rewriteResponseHeaders(answered), { 'content-type': 'text/plain', 'x-any': '1, 2', 'set-cookie': ['a=b', 'c=d'] })
})

test('P3: an answer says nothing about certificates, and nothing that belongs to the other hop', async () => {
  const kept = { 'content-type': 'text/plain', 'set-cookie': ['a=b', 'c=d'], 'www-authenticate': 'Basic', location: '/x', 'cache-control': 'max-age=1', vary: 'accept', 'content-encoding': 'gzip' }
  const dropped = { 'client-cert': 'x', 'client-cert-chain': 'x', connection: 'close', 'keep-alive': 'timeout=5', 'proxy-authenticate': 'Basic', trailer: 'x', upgrade: 'h2c' }
  assert.deepEqual(rewriteResponseHeaders({ ...kept, ...dropped }), kept)
})
