import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Fastify from 'fastify'
import boundToken from '../../lib/index.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { optionsFor } from '../guard/protected-app.ts'
import { setSender } from './set-sender.ts'

async function bootError (t: TestContext, revocation: object, more: object = {}): Promise<string> {
  const app = Fastify()
  t.after(() => app.close())
  app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), ...more, revocation } as Parameters<typeof boundToken>[1])
  try {
    await app.ready()
  } catch (error) {
    assert.equal((error as { code: string }).code, 'FST_BOUND_TOKEN_OPTIONS')
    return (error as Error).message
  }
  return 'it booted'
}

const sender = setSender()
const { jwks, ...keyless } = sender.options()
const webhook = { ...keyless, jwks }
const websocket = { url: 'wss://127.0.0.1:1/', messages: [{ path: 'sub', selects: 'subject' }] }
const secret = 'not-for-anybody-to-read-0123456789'

for (const [name, options, message] of [
  ['a webhook', { webhook }, /^it booted$/],
  ['two webhooks', { webhook: [webhook, { ...webhook, path: '/other' }] }, /^it booted$/],
  ['a WebSocket', { websocket }, /^it booted$/],
  ['no list', { webhook: [] }, /^options\.revocation\.webhook: found a list of 0; allowed: an object, or a list of these$/],
  ['a misspelt option', { webhook: { ...webhook, audiense: 'x' } }, /^options\.revocation\.webhook\.audiense: unknown option; allowed: path, issuer, audience, /],
  ['a misspelt option in a list', { webhook: [webhook, { ...webhook, audiense: 'x' }] }, /^options\.revocation\.webhook\[1\]\.audiense: unknown option; allowed: /],
  ['no audience', { webhook: { ...webhook, audience: undefined } }, /^options\.revocation\.webhook\.audience: /],
  ['no keys', { webhook: keyless }, /^options\.revocation\.webhook: found no keys; allowed: one of jwksUri, jwks, keys$/],
  ['two kinds of keys', { webhook: { ...webhook, jwksUri: 'https://a.example/' } }, /^options\.revocation\.webhook: found jwksUri and jwks; allowed: one of jwksUri, jwks, keys$/],
  ['keys by http', { webhook: { ...keyless, jwksUri: 'http://127.0.0.1/' } }, /^options\.revocation\.webhook\.jwksUri: found http, .*; allowed: https/],
  ['secret keys with others', { webhook: { ...webhook, algorithms: ['HS256', 'ES256'] } }, /^options\.revocation\.webhook\.algorithms: found symmetric and asymmetric ones/],
  ['an issuer of whom no tokens are taken', { webhook: { ...webhook, issuer: 'https://risk.example.com' } },
    /^options\.revocation\.webhook\.tokenIssuer: found "https:\/\/risk\.example\.com"; allowed: https:\/\/login\.example\.com$/],
  ['one issuer twice on a path', { webhook: [webhook, webhook] }, /^options\.revocation\.webhook\[1\]\.issuer: found "https:\/\/login\.example\.com" a second time for one path; allowed: once$/],
  ['a secret that is too short', { webhook: { ...webhook, authorization: 'short' } },
    /^options\.revocation\.webhook\.authorization: found a string of 5 characters; allowed: at least 16, such as a bearer token has$/],
  ['a secret that is no bearer token', { webhook: { ...webhook, authorization: `${secret} x` } }, /^options\.revocation\.webhook\.authorization: found a string of 36 characters; allowed: /],
  ['a secret that is missing', { webhook: { ...webhook, authorization: { env: 'NO_SUCH_VARIABLE' } } }, /^options\.revocation\.webhook\.authorization: the environment variable NO_SUCH_VARIABLE is not set$/],
  ['ws', { websocket: { ...websocket, url: `ws://am.example.com/?key=${secret}` } },
    /^options\.revocation\.websocket\.url: found ws, which would send in the clear; allowed: a wss URL without credentials and fragment, or ws on a loopback address$/],
  ['https', { websocket: { ...websocket, url: `https://am.example.com/?key=${secret}` } }, /^options\.revocation\.websocket\.url: found no such URL; allowed: /],
  ['credentials', { websocket: { ...websocket, url: `wss://user:${secret}@am.example.com/` } }, /^options\.revocation\.websocket\.url: found no such URL; allowed: /],
  ['no messages', { websocket: { ...websocket, messages: [] } }, /^options\.revocation\.websocket\.messages: found a list of 0; allowed: a list of \{ when, path, selects \}$/],
  ['a selector that is none', { websocket: { ...websocket, messages: [{ path: 'x', selects: 'all' }] } }, /^options\.revocation\.websocket\.messages\[0\]\.selects: found "all"; allowed: "subject", /],
  ['a preset that is none', { websocket: { ...websocket, preset: 'openam' } }, /^options\.revocation\.websocket\.preset: found "openam"; allowed: "?pingam"?$/],
  ['a preset without topics', { websocket: { ...websocket, preset: 'pingam' } }, /^options\.revocation\.websocket\.topics: missing; allowed: with a preset$/],
  ['topics without a preset', { websocket: { ...websocket, topics: ['/a'] } }, /^options\.revocation\.websocket\.topics: found without preset; allowed: with a preset$/],
  ['another issuer', { websocket: { ...websocket, issuer: 'https://risk.example.com' } }, /^options\.revocation\.websocket\.issuer: found "https:\/\/risk\.example\.com"; allowed: https:\/\/login\.example\.com$/],
  ['a header of the handshake', { websocket: { ...websocket, headers: { 'Sec-WebSocket-Key': secret } } },
    /^options\.revocation\.websocket\.headers\.Sec-WebSocket-Key: found a header that the handshake has for itself; allowed: other headers$/],
  ['a header that cannot be sent', { websocket: { ...websocket, headers: { 'x-key': `${secret}\r\nhost: x` } } },
    /^options\.revocation\.websocket\.headers\.x-key: found something else than printable ASCII; allowed: printable ASCII$/],
  ['a header that is missing', { websocket: [websocket, { ...websocket, headers: { 'x-key': { file: '/no/such/file' } } }] },
    /^options\.revocation\.websocket\[1\]\.headers\.x-key: cannot read \/no\/such\/file \(ENOENT\)$/],
  ['one sub-protocol twice', { websocket: { ...websocket, protocols: ['a', 'a'] } }, /^options\.revocation\.websocket\.protocols: found a list of 2; allowed: a list of different names$/]
] as Array<[string, object, RegExp]>) {
  test(`options of feeds: ${name}`, async (t) => {
    const said = await bootError(t, options)
    assert.match(said, message)
    assert.ok(!said.includes(secret), said)
  })
}

test('of several issuers, a WebSocket must say whose tokens it is about', async (t) => {
  const issuers = [...optionsFor('http://127.0.0.1:1').issuers, jwtIssuer('https://jwt.example.com').options()]
  assert.match(await bootError(t, { websocket }, { issuers }), /^options\.revocation\.websocket\.issuer: missing; allowed: https:\/\/login\.example\.com, https:\/\/jwt\.example\.com$/)
  assert.equal(await bootError(t, { websocket: { ...websocket, issuer: 'https://jwt.example.com' } }, { issuers }), 'it booted')
})

test('a path that a route of the gateway has already', async (t) => {
  const said = await bootError(t, { webhook }, { routes: [{ method: 'POST', url: '/events', public: true, respond: {} }] })
  assert.match(said, /^options\.revocation\.webhook: found the path "\/events"; allowed: another one \(.*already declared/)
})
