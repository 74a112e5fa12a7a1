// Nothing of the token or of our secret stands in a refusal, also when the authorization server echoes all that it got.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { Refusal } from '../../lib/errors.ts'
import * as doubles from '../doubles/authorization-server.ts'
import { refused } from './refused.ts'
import { credentials, resolverAt } from './resolver-at.ts'

const token = 'Zk3-token-that-must-not-leak-7Yw'
let server: doubles.Double
before(async () => { server = await doubles.startDouble(doubles.hang) })
after(() => server.close())

/** Sends back everything in the status text, in headers and in the body. */
function echo (status: number, type: (all: string) => string = () => 'application/json'): doubles.Behaviour {
  return ({ headers, body }, response) => {
    const all = `${headers.authorization} ${decodeURIComponent(body)} ${token} ${credentials.clientSecret}`
    response.writeHead(status, all, { 'content-type': type(all), 'retry-after': all, 'www-authenticate': all, location: 'http://127.0.0.1:1/' })
    response.end(JSON.stringify({ active: true, sub: { all }, error: 'invalid_client', error_description: all }))
  }
}

function everything (refusal: Refusal): string {
  const own = Object.getOwnPropertyNames(refusal).map((name) => String(refusal[name as keyof Refusal]))
  return [...own, refusal.message, refusal.stack, String(refusal), JSON.stringify(refusal), inspect(refusal, { depth: null, showHidden: true })].join('\n')
}

const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64')
const cases: Array<[name: string, reason: Parameters<typeof refused>[0], behaviour: doubles.Behaviour]> = [
  ['a claim of the wrong type', 'issuer_bad_response', echo(200)],
  ['a content type that holds it', 'issuer_bad_response', echo(200, (all) => all)],
  ['status 400', 'issuer_refused_us', echo(400)],
  ['status 401', 'issuer_refused_us', echo(401)],
  ['status 302', 'issuer_bad_response', echo(302)],
  ['status 429', 'issuer_unavailable', echo(429)],
  ['status 500', 'issuer_unavailable', echo(500)],
  ['a connection that breaks', 'issuer_unavailable', doubles.reset],
  ['no answer', 'issuer_unavailable', doubles.hang]
]

for (const [name, reason, behaviour] of cases) {
  test(`S-38: ${name}: neither token nor secret in the refusal`, async () => {
    server.behave(behaviour)
    const resolver = resolverAt(server.origin, { timeout: 100 })
    const text = everything(await refused(reason, resolver.record(token)))
    await resolver.close()
    assert.match(text, /FST_BOUND_TOKEN_/, 'nothing was read')
    for (const secret of [token, credentials.clientSecret, basic]) assert.equal(text.includes(secret), false, text)
  })
}

test('S-38: the refusal says nothing of where the authorization server is', async () => {
  server.behave(doubles.reset)
  const resolver = resolverAt(server.origin)
  const text = everything(await refused('issuer_unavailable', resolver.record(token)))
  await resolver.close()
  assert.equal(text.includes(String(server.port)), false, text)
})
