// What stops the boot: each error names the option, what was found and what is allowed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import boundToken, { forward } from '../../lib/index.ts'
import type { BoundTokenRouteOptions, UpstreamOptions } from '../../types/options.ts'
import { optionsFor } from '../guard/protected-app.ts'

const good: UpstreamOptions = { url: 'http://127.0.0.1:1' }
const secure: UpstreamOptions = { url: 'https://127.0.0.1:1' }
const at = 'route GET /x: config.boundToken'

/** The error that the boot ends with, wherever it shows. */
async function bootError (declare: (app: FastifyInstance) => void, upstream?: UpstreamOptions): Promise<Error & { code?: string }> {
  const app = Fastify()
  try {
    await app.register(boundToken, optionsFor('http://127.0.0.1:1', upstream === undefined ? {} : { upstream }))
    declare(app)
    await app.ready()
  } catch (error) {
    return error as Error
  } finally {
    await app.close()
  }
  assert.fail('it booted')
}

async function stops (declare: (app: FastifyInstance) => void, message: RegExp): Promise<void> {
  const error = await bootError(declare)
  assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS', error.stack ?? '')
  assert.match(error.message, message)
}

function withUpstream (upstream: unknown): (app: FastifyInstance) => void {
  return (app) => { app.get('/x', { config: { boundToken: { upstream } as BoundTokenRouteOptions } }, forward) }
}

function literally (text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}

test('the good one boots', async () => {
  await assert.rejects(bootError(withUpstream(good)), /it booted/)
})

const wrong: Array<[name: string, upstream: unknown, message: string]> = [
  ['no url', {}, `${at}.upstream.url: missing; allowed: a string that is not empty`],
  ['an empty url', { url: '' }, `${at}.upstream.url: found ""; allowed: a string that is not empty`],
  ['a url that is none', { url: '127.0.0.1:1' }, `${at}.upstream.url: found "127.0.0.1:1"; allowed: an http or https URL`],
  ['a relative url', { url: '/x' }, `${at}.upstream.url: found "/x"; allowed: an http or https URL without credentials, query and fragment`],
  ['another scheme', { url: 'ftp://127.0.0.1/' }, `${at}.upstream.url: found "ftp://127.0.0.1/"; allowed: an http or https URL`],
  ['a file', { url: 'file:///etc/passwd' }, `${at}.upstream.url: found "file:///etc/passwd"; allowed: an http or https URL`],
  ['credentials', { url: 'http://user:pass-word@127.0.0.1/' }, `${at}.upstream.url: found something with credentials; allowed: an http or https URL`],
  ['a query', { url: 'http://127.0.0.1/?x' }, `${at}.upstream.url: found a URL with a query; allowed: an http or https URL`],
  ['a fragment', { url: 'http://127.0.0.1/#x' }, `${at}.upstream.url: found "http://127.0.0.1/#x"; allowed: an http or https URL`],
  ['an ambiguous path', { url: 'http://127.0.0.1/a//b' }, `${at}.upstream.url: found an ambiguous path; allowed: `],
  ['another type', 'http://127.0.0.1', `${at}.upstream: found "http://127.0.0.1"; allowed: `],
  ['an unknown option', { ...good, retry: 3 }, `${at}.upstream.retry: unknown option; allowed: url, path, token, certificate, headers, request, `],
  ['too many retries', { ...good, retries: 6 }, `${at}.upstream.retries: found 6; allowed: an integer from 0 to 5`],
  ['an unknown token option', { ...good, token: 'keep' }, `${at}.upstream.token: found "keep"; allowed: "forward", "remove", "jwt"`],
  ['a JWT where there is none', { ...good, token: 'jwt' }, `${at}.upstream.token: found "jwt", but https://login.example.com may have no JWT to give; allowed: `],
  ['a timeout of 0', { ...good, timeout: 0 }, `${at}.upstream.timeout: found 0; allowed: an integer from 10 to 3600000`],
  ['a header name that is none', { ...good, headers: { 'x y': 'z' } }, `${at}.upstream.headers.x y: unknown option; allowed: an object of header names and values`],
  ['a header with a line break', { ...good, headers: { 'x-y': 'a\r\nb: c' } }, `${at}.upstream.headers.x-y: found `],
  ['a claim without a name', { ...good, headers: { 'x-y': { claim: '' } } }, `${at}.upstream.headers.x-y.claim: found ""; allowed: the name of a claim, or the list of names that lead to it`],
  ['a reserved header', { ...good, headers: { Authorization: 'Basic x' } }, `${at}.upstream: found the header "Authorization", which has a meaning of its own; allowed: other names`],
  ['a certificate without a header', { ...good, certificate: {} }, `${at}.upstream.certificate.header: missing; allowed: the name of a header`],
  ['an unknown certificate format', { ...good, certificate: { header: 'x', format: 'pem' } }, `${at}.upstream.certificate.format: found "pem"; allowed: "x5t#S256", "rfc9440"`],
  ['tls with http', { ...good, tls: {} }, `${at}.upstream.tls: found with an http URL; allowed: with an https URL`],
  ['a certificate without a key', { ...secure, tls: { certificate: 'x' } }, `${at}.upstream.tls.key: missing; allowed: certificate and key together`],
  ['a key without a certificate', { ...secure, tls: { key: 'x' } }, `${at}.upstream.tls.certificate: missing; allowed: certificate and key together`],
  ['a certificate that is none', { ...secure, tls: { certificate: 'x', key: 'x' } }, `${at}.upstream.tls.certificate: found a certificate and a key that do not fit; allowed: `],
  ['connections of none', { ...good, connections: 0 }, `${at}.upstream.connections: found 0; allowed: an integer from 1 to 10000`],
  ['a CA that is none', { ...secure, tls: { ca: 'x' } }, `${at}.upstream.tls.ca: found no PEM certificate; allowed: PEM text, or { file }`],
  ['a CA file that is not there', { ...secure, tls: { ca: { file: '/nowhere/ca.pem' } } }, `${at}.upstream.tls.ca: cannot read /nowhere/ca.pem (ENOENT)`],
  ['rejectUnauthorized', { ...good, tls: { rejectUnauthorized: false } }, `${at}.upstream.tls.rejectUnauthorized: unknown option; allowed: ca`]
]
for (const [name, upstream, message] of wrong) {
  test(`${name} stops the boot`, () => stops(withUpstream(upstream), literally(message)))
}

test('a password in a url does not stand in the error', async () => {
  for (const url of ['http://user:pass-word@127.0.0.1/', 'http://user:pass-word@127.0.0.1:99999/']) {
    const { message, stack } = await bootError(withUpstream({ url }))
    assert.equal(`${message}${stack}`.includes('pass-word'), false, message)
  }
})

test('a url whose path cannot be decoded stops the boot: no request could ever go there', async () => {
  await stops(withUpstream({ url: 'http://127.0.0.1:1/a%zz' }), literally(`${at}.upstream.url: `))
})

test('the handler `forward` without an upstream stops the boot', async () => {
  await stops((app) => { app.get('/x', forward) }, literally(`${at}.upstream: missing; the handler \`forward\` needs it`))
  await stops((app) => { app.get('/x', { config: { boundToken: { scopes: ['a'] } } }, forward) }, literally(`${at}.upstream: missing`))
})

test('the handler `forward` on a public route stops the boot', async () => {
  await stops((app) => { app.get('/x', { config: { boundToken: false } }, forward) }, literally(`${at}: found false with the handler \`forward\`; allowed: an object with upstream`))
})

test('an upstream with another handler stops the boot', async () => {
  await stops((app) => { app.get('/x', { config: { boundToken: { upstream: good } } }, async () => 'x') },
    literally(`${at}.upstream: found on a route with another handler; allowed: the handler \`forward\` of fastify-bound-token`))
})

test('a wrong upstream in the plugin\'s options stops the boot', async () => {
  const error = await bootError((app) => { app.get('/x', forward) }, { ...good, url: 'x' })
  assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
  assert.match(error.message, /upstream\.url: found "x"; allowed: /)
})

test('a route that is older than the plugin is refused, not forwarded past the guard', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  app.get('/x', { config: { boundToken: { upstream: good } } }, forward)
  await app.register(boundToken, optionsFor('http://127.0.0.1:1'))
  await app.ready()
  const response = await app.inject('/x')
  assert.equal(response.statusCode, 500)
  assert.equal(response.json().code, 'FST_BOUND_TOKEN_NOT_JUDGED')
})
