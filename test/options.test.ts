import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Fastify from 'fastify'
import boundToken, { forward } from '../lib/index.ts'
import { optionsFor } from './guard/protected-app.ts'

type Options = ReturnType<typeof optionsFor>

/** Boots with these options and gives the message that stopped it. */
async function bootError (t: TestContext, options: unknown, declare: (app: ReturnType<typeof Fastify>) => void = () => {}): Promise<string> {
  const app = Fastify()
  t.after(() => app.close())
  app.register(boundToken, options as Options)
  app.register(async (child) => { declare(child as unknown as ReturnType<typeof Fastify>) })
  try {
    await app.ready()
  } catch (error) {
    assert.equal((error as { code: string }).code, 'FST_BOUND_TOKEN_OPTIONS')
    assert.ok(error instanceof TypeError)
    return (error as Error).message
  }
  return 'it booted'
}

const good = optionsFor('http://127.0.0.1:1')
const [issuer] = good.issuers as [Options['issuers'][0]]
const withIssuer = (changed: object): object => ({ ...good, issuers: [{ ...issuer, ...changed }] })
const withCertificate = (changed: object): object => ({ ...good, certificate: { ...good.certificate, ...changed } })

test('the options of these tests boot', async (t) => {
  assert.equal(await bootError(t, good), 'it booted')
})

// path, what was found, what is allowed
const wrong: Array<[name: string, options: unknown, message: RegExp]> = [
  ['no options', {}, /^options\.(certificate|issuers): missing; allowed: /],
  ['a misspelt option', { ...good, certificat: {} }, /^options\.certificat: unknown option; allowed: certificate, issuers, cache, revocation, realm/],
  ['a misspelt option instead of a required one', { certificate: good.certificate, issuer: good.issuers }, /^options\.issuer: unknown option; allowed: /],
  ['a name with a space at its end', { ...good, cache: { 'maxTtl ': 1 } }, /^options\.cache\.maxTtl : unknown option; allowed: enabled, maxEntries, defaultTtl, maxTtl, negativeTtl, staleIfError, store, secret$/],
  ['a store without a secret', { ...good, cache: { store: {} } }, /^options\.cache\.secret: missing; a shared store needs it$/],
  ['a secret that is too short', { ...good, cache: { store: {}, secret: 'short' } }, /^options\.cache\.secret: found a string of 5 characters; allowed: at least 32$/],
  ['a store that is none', { ...good, cache: { store: {}, secret: 's'.repeat(32) } }, /^options\.cache\.store: found neither redis nor tokens; allowed: one of them$/],
  ['a secret without a store', { ...good, cache: { secret: 's'.repeat(32) } }, /^options\.cache\.secret: has no meaning without store; allowed: no secret$/],
  ['a wrong type', withCertificate({ header: 5 }), /^options\.certificate\.header: found a number; allowed: the name of a header$/],
  ['a preset that is none', withCertificate({ preset: 'nignx' }), /^options\.certificate\.preset: found "nignx"; allowed: "nginx", "apache", .*"akamai", "rfc9440"$/],
  ['a format that is none', withCertificate({ format: 'pme' }), /^options\.certificate\.format: found "pme"; allowed: "pem", "url-pem", .*a function$/],
  ['a number out of range', { ...good, cache: { maxTtl: -1 } }, /^options\.cache\.maxTtl: found -1; allowed: an integer from 0 to 86400000$/],
  ['a number as text', { ...good, cache: { maxTtl: '1' } }, /^options\.cache\.maxTtl: found "1"; allowed: an integer from 0 to 86400000$/],
  ['a wrong switch', { ...good, cache: { enabled: 'yes' } }, /^options\.cache\.enabled: found "yes"; allowed: true or false$/],
  ['no trusted proxies', { ...good, certificate: { preset: 'nginx' } }, /^options\.certificate\.trustedProxies: missing; without it every caller could forge a certificate; allowed: /],
  ['an empty list of them', withCertificate({ trustedProxies: [] }), /^options\.certificate\.trustedProxies: found a list of 0; allowed: a list of IP addresses/],
  ['a bad CIDR', withCertificate({ trustedProxies: ['10.0.0.0/33'] }), /^options\.certificate\.trustedProxies\[0\]: found "10\.0\.0\.0\/33"; allowed: /],
  ['everybody trusted', withCertificate({ trustedProxies: ['0.0.0.0/0'] }), /^options\.certificate\.trustedProxies\[0\]: found "0\.0\.0\.0\/0", which trusts so many addresses/],
  ['no issuer', { ...good, issuers: [] }, /^options\.issuers: found a list of 0; allowed: a list of at least one issuer$/],
  ['one issuer twice', { ...good, issuers: [issuer, issuer] }, /^options\.issuers\[1\]\.issuer: found "https:\/\/login\.example\.com" a second time; allowed: each issuer once$/],
  ['no audience', withIssuer({ audience: undefined }), /^options\.issuers\[0\]\.audience: (missing|found nothing); allowed: a string, a list of strings, or false/],
  ['an issuer that is no URL', withIssuer({ issuer: 'login' }), /^options\.issuers\[0\]\.issuer: found "login"; allowed: an http or https URL without query and fragment$/],
  ['http', withIssuer({ introspection: { ...issuer.introspection, endpoint: 'http://login.example.com/' } }), /introspection\.endpoint: found http, .*; allowed: https/],
  ['a longest pause that is shorter than the first', withIssuer({ introspection: { ...issuer.introspection, breaker: { pause: 5000, maxPause: 1000 } } }),
    /^options\.issuers\[0\]\.introspection\.breaker\.maxPause: found 1000; allowed: at least pause, which is 5000$/],
  ['a breaker that never opens', withIssuer({ introspection: { ...issuer.introspection, breaker: { failures: 0 } } }), /breaker\.failures: found 0; allowed: an integer from 1 to 1000$/],
  ['more retries than do good', withIssuer({ introspection: { ...issuer.introspection, retries: 6 } }), /introspection\.retries: found 6; allowed: an integer from 0 to 5$/],
  ['a method of client authentication that is none', withIssuer({ introspection: { ...issuer.introspection, clientAuth: { method: 'basic', clientId: 'a', clientSecret: 'b' } } }),
    /clientAuth\.method: found "basic"; allowed: "client_secret_basic", "client_secret_post", .*"none"$/],
  ['a secret that is none', withIssuer({ introspection: { ...issuer.introspection, clientAuth: { method: 'client_secret_basic', clientId: 'a', clientSecret: { evn: 'X' } } } }),
    /clientSecret: found an object; allowed: a string, \{ env \}, \{ file \}, or a function/],
  ['a scope that is none', { ...good, scopes: ['a b'] }, /^options\.scopes\[0\]: found "a b"; allowed: a scope/],
  ['a binding that is none', { ...good, binding: 'maybe' }, /^options\.binding: found "maybe"; allowed: "required", "strict", "optional", "off"$/],
  ['a realm that could break the challenge', { ...good, realm: 'a\r\nb' }, /^options\.realm: found "a\\r\\nb"; allowed: printable ASCII$/]
]
for (const [name, options, message] of wrong) {
  test(`the boot stops at ${name}`, async (t) => assert.match(await bootError(t, options), message))
}

const wrongRoutes: Array<[name: string, config: unknown, message: RegExp]> = [
  ['a misspelt option', { scope: ['a'] }, /^route GET \/accounts: config\.boundToken\.scope: unknown option; allowed: scopes, anyScope/],
  ['true', true, /^route GET \/accounts: config\.boundToken: found true; allowed: false for a public route, or an object with scopes/],
  ['null', null, /^route GET \/accounts: config\.boundToken: found null; allowed: false/],
  ['the text "false"', 'false', /^route GET \/accounts: config\.boundToken: found "false"; allowed: false/],
  ['0', 0, /^route GET \/accounts: config\.boundToken: found 0; allowed: false/],
  ['a mode that is none', { mode: 'shadow' }, /config\.boundToken\.mode: found "shadow"; allowed: "enforce", "report"$/],
  ['an empty list of clients', { clients: [] }, /config\.boundToken\.clients: found a list of 0; allowed: a list of at least one client/],
  ['an upstream without forward', { upstream: { url: 'http://127.0.0.1:1' } }, /config\.boundToken\.upstream: found on a route with another handler; allowed: the handler `forward`/],
  ['a certificate source without trust', { certificate: { preset: 'caddy' } }, /config\.boundToken\.certificate\.trustedProxies: missing/]
]
for (const [name, config, message] of wrongRoutes) {
  test(`the boot stops at a route with ${name}`, async (t) => {
    const error = await bootError(t, good, (app) => { app.get('/accounts', { config: { boundToken: config as false } }, async () => '') })
    assert.match(error, message)
  })
}

test('what every route inherits is named where it stands', async (t) => {
  const declare = (config: object) => (app: ReturnType<typeof Fastify>): void => { app.get('/accounts', { config: { boundToken: config } }, async () => '') }
  for (const wrong of [{ failure: { token_bad: {} } }, { claims: { properties: 1 } }]) {
    const [name] = Object.keys(wrong)
    assert.match(await bootError(t, { ...good, ...wrong }, declare({})), new RegExp(`^options\\.${name}: found `))
    assert.match(await bootError(t, good, declare(wrong)), new RegExp(`^.*config\\.boundToken\\.${name}: found `))
  }
})

test('the boot stops at forward without an upstream', async (t) => {
  assert.match(await bootError(t, good, (app) => { app.get('/', forward) }), /config\.boundToken\.upstream: missing; the handler `forward` needs it/)
  assert.match(await bootError(t, good, (app) => { app.get('/', { config: { boundToken: false } }, forward) }), /found false with the handler `forward`/)
})

test('a secret never stands in a message', async (t) => {
  const secret = 'hunter2-hunter2'
  const wrongs = [
    withIssuer({ introspection: { ...issuer.introspection, clientAuth: { method: 'x', clientId: 'a', clientSecret: secret } } }),
    withIssuer({ introspection: { ...issuer.introspection, clientAuth: { method: 'client_secret_basic', clientId: 'a', clientSecret: [secret] } } }),
    withIssuer({ introspection: { ...issuer.introspection, headers: { 'x-key': `${secret}\n` } } }),
    withCertificate({ header: `${secret} ${secret}` }),
    withCertificate({ header: secret, secretName: { minLength: 32 } })
  ]
  for (const options of wrongs) {
    const message = await bootError(t, options)
    assert.notEqual(message, 'it booted')
    assert.ok(!message.includes(secret), message)
  }
})

test('the options are left as they were', async (t) => {
  const options = structuredClone(good)
  assert.equal(await bootError(t, options), 'it booted')
  assert.deepEqual(options, good)
})
