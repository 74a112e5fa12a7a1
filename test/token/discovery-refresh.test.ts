// Metadata that come late, go away or change while requests are served.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, mock, test, type TestContext } from 'node:test'
import * as doubles from '../doubles/authorization-server.ts'
import { eventually } from './eventually.ts'
import { accessToken, clientAuth, issuerAt, metadataOf, oauthPlace, openidPlace, placesOf, type CompiledIssuer } from './issuer-at.ts'
import { signingKey, type SigningKey } from './signing-key.ts'

const noon = 1_800_000_000_000
const hour = 3_600_000
let key: SigningKey
let elsewhere: doubles.Double
before(async () => {
  key = await signingKey('k1')
  elsewhere = await doubles.startDouble(doubles.json({ keys: [], active: true }))
})
after(() => elsewhere.close())
beforeEach(() => {
  elsewhere.calls.length = 0
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: noon })
})
afterEach(() => mock.timers.reset())

type Server = Awaited<ReturnType<typeof placesOf>>

async function serverWith (t: TestContext): Promise<Server> {
  return await placesOf(t, (origin) => ({ [oauthPlace]: metadataOf(origin), '/jwks': { keys: [key.jwk()] }, '/introspect': { active: true } }))
}

const both = { introspection: { clientAuth }, jwt: {} }

/** The metadata are asked for again, and what came was judged. */
async function refreshed (server: Server, milliseconds = hour): Promise<void> {
  const asked = (): number => server.calls.filter(({ url }) => url === oauthPlace).length
  const before = asked()
  mock.timers.tick(milliseconds)
  await eventually('the metadata are asked for again', () => asked() > before)
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

async function works (server: Server, { jwt, introspect }: CompiledIssuer): Promise<void> {
  assert.equal(await jwt(await accessToken(key, server.origin)), 'verified')
  assert.equal(await introspect('abc'), 'verified')
}

const swaps: Record<string, (origin: string) => object | doubles.Behaviour> = {
  'M3: introspection_endpoint of another origin': (origin) => metadataOf(origin, { introspection_endpoint: `${elsewhere.origin}/introspect` }),
  'M3: jwks_uri of another origin': (origin) => metadataOf(origin, { jwks_uri: `${elsewhere.origin}/jwks` }),
  'M3: both of another origin': () => metadataOf(elsewhere.origin),
  'M9: another issuer': (origin) => metadataOf(origin, { issuer: elsewhere.origin }),
  'M9: the issuer with a slash': (origin) => metadataOf(origin, { issuer: `${origin}/` }),
  'a redirect': () => doubles.redirect(302, `${elsewhere.origin}/x`),
  HTML: () => doubles.html,
  'status 404': () => doubles.json({}, 404)
}

for (const [name, swapped] of Object.entries(swaps)) {
  test(`${name} in a later copy: the old one is kept, the operator is told once, nothing is sent there`, async (t) => {
    const server = await serverWith(t)
    const issuer = await issuerAt(t, server.origin, both)
    await works(server, issuer)
    server.at[oauthPlace] = swapped(server.origin)
    await refreshed(server)
    await refreshed(server)
    await works(server, issuer)
    assert.equal(elsewhere.calls.length, 0)
    assert.equal(issuer.reports.length, 1, issuer.reports.join('\n'))
    assert.match(issuer.reports[0] as string, /^warn http:\/\/127\.0\.0\.1:\d+ issuer_bad_response: /)
  })
}

test('M5: a second document that appears later and disagrees leaves the old copy', async (t) => {
  const server = await serverWith(t)
  const issuer = await issuerAt(t, server.origin, both)
  server.at[openidPlace] = metadataOf(server.origin, { introspection_endpoint: `${server.origin}/other` })
  await refreshed(server)
  await works(server, issuer)
  assert.equal(server.calls.some(({ url }) => url === '/other'), false)
  assert.equal(issuer.reports.length, 1)
})

test('an endpoint that moves within the issuer is followed within an hour', async (t) => {
  const server = await serverWith(t)
  const issuer = await issuerAt(t, server.origin, both)
  await works(server, issuer)
  const next = await signingKey('next')
  const moved = metadataOf(server.origin, { introspection_endpoint: `${server.origin}/moved`, jwks_uri: `${server.origin}/keys` })
  Object.assign(server.at, { [oauthPlace]: moved, '/moved': { active: false }, '/keys': { keys: [next.jwk()] } })
  await refreshed(server)
  assert.equal(await issuer.introspect('abc'), 'inactive')
  mock.timers.tick(300_000)
  await eventually('the keys are asked for at their new place', () => server.calls.some(({ url }) => url === '/keys'))
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await issuer.jwt(await accessToken(next, server.origin)), 'verified')
})

test('metadata that can not be had are used on for a day, then it is 503 and nothing is sent', async (t) => {
  const server = await serverWith(t)
  const issuer = await issuerAt(t, server.origin, { introspection: { clientAuth } })
  assert.equal(await issuer.introspect('abc'), 'verified')
  server.at[oauthPlace] = doubles.json({}, 503)
  for (let i = 0; i < 23; i++) await refreshed(server)
  assert.equal(await issuer.introspect('abc'), 'verified')
  await refreshed(server)
  const asked = server.calls.filter(({ url }) => url === '/introspect').length
  assert.equal(await issuer.introspect('abc'), 'issuer_unavailable')
  assert.equal(server.calls.filter(({ url }) => url === '/introspect').length, asked)
})

const outages: Record<string, doubles.Behaviour> = { 503: doubles.json({}, 503), 429: doubles.json({}, 429), 'a torn connection': doubles.reset }

for (const [name, behaviour] of Object.entries(outages)) {
  test(`J10: ${name} at the boot does not stop it: 503 until the server is back, one look in ten seconds, no secret before`, async (t) => {
    const server = await serverWith(t)
    Object.assign(server.at, { [oauthPlace]: behaviour, [openidPlace]: behaviour })
    const issuer = await issuerAt(t, server.origin, both)
    const token = await accessToken(key, server.origin)
    const outcomes = await Promise.all(Array.from({ length: 100 }, async (_, index) => index % 2 === 0 ? await issuer.jwt(token) : await issuer.introspect(`t-${index}`)))
    assert.deepEqual([...new Set(outcomes)], ['issuer_unavailable'])
    assert.equal(server.calls.length, 2, 'one look in each place')
    assert.ok(issuer.reports.length <= 2, issuer.reports.join('\n'))
    Object.assign(server.at, { [oauthPlace]: metadataOf(server.origin), [openidPlace]: doubles.json({}, 404) })
    mock.timers.tick(20_000)
    await works(server, issuer)
    assert.equal(JSON.stringify(issuer.reports).includes(clientAuth.clientSecret), false)
  })
}

test('nobody listens at the boot: it goes on', async (t) => {
  const gone = await doubles.startDouble(doubles.hang)
  await gone.close()
  const issuer = await issuerAt(t, gone.origin, both)
  assert.equal(await issuer.introspect('abc'), 'issuer_unavailable')
  assert.equal(await issuer.jwt(await accessToken(key, gone.origin)), 'issuer_unavailable')
})

test('a server that comes back with metadata that are wrong is never used', async (t) => {
  const server = await serverWith(t)
  Object.assign(server.at, { [oauthPlace]: doubles.json({}, 503), [openidPlace]: doubles.json({}, 503) })
  const issuer = await issuerAt(t, server.origin, both)
  server.at[oauthPlace] = metadataOf(server.origin, { introspection_endpoint: `${elsewhere.origin}/introspect`, jwks_uri: `${elsewhere.origin}/jwks` })
  mock.timers.tick(60_000)
  assert.equal(await issuer.introspect('abc'), 'issuer_bad_response')
  mock.timers.tick(60_000)
  assert.notEqual(await issuer.jwt(await accessToken(key, server.origin)), 'verified')
  assert.equal(elsewhere.calls.length, 0)
})

test('a server that comes back without an endpoint, or without keys, in its metadata', async (t) => {
  const server = await serverWith(t)
  Object.assign(server.at, { [oauthPlace]: doubles.json({}, 503), [openidPlace]: doubles.json({}, 503) })
  const issuer = await issuerAt(t, server.origin, both)
  server.at[oauthPlace] = { issuer: server.origin }
  mock.timers.tick(60_000)
  assert.equal(await issuer.introspect('abc'), 'issuer_bad_response')
  assert.equal(await issuer.jwt(await accessToken(key, server.origin)), 'issuer_bad_response')
})

test('J12: 1000 tokens at a cold start: one look at the metadata, one at the keys', async (t) => {
  const server = await serverWith(t)
  const issuer = await issuerAt(t, server.origin)
  const token = await accessToken(key, server.origin)
  const outcomes = await Promise.all(Array.from({ length: 1000 }, async () => await issuer.jwt(token)))
  assert.deepEqual([...new Set(outcomes)], ['verified'])
  assert.deepEqual(server.calls.map(({ url }) => url).sort(), ['/jwks', oauthPlace, openidPlace].sort())
})

test('a closed issuer looks for nothing any more, and tells nothing', async (t) => {
  const server = await serverWith(t)
  const { issuer, reports, jwt } = await issuerAt(t, server.origin, both)
  await jwt(await accessToken(key, server.origin))
  await issuer.close()
  const { length } = server.calls
  server.at[oauthPlace] = doubles.json({}, 503)
  mock.timers.tick(2 * hour)
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(server.calls.length, length)
  assert.deepEqual(reports, [])
})
