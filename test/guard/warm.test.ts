// Attacks on what is remembered: the same request to an application that has just let in the rightful owner, on the same connection and on
// another one, and to one that knows nothing yet. Both must say the same, and what is written here.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test, type TestContext } from 'node:test'
import type { Reason } from '../../types/decision.ts'
import { signedOtherwise } from '../doubles/signed-otherwise.ts'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import type { FieldLine } from '../certificate/inbound.ts'
import { signingKey } from '../token/signing-key.ts'
import { replace } from '../token/certificate-files.ts'
import { owner, ownersClaims, stranger } from './protected-app.ts'
import { certificateLine, jwtIssuer, audience, request, startApp, startWorld, tokenLine, verdictLine, opaqueIssuer, type ListeningApp, type RawRequest, type Verdict, type World } from './warm-scene.ts'

/** What comes of it: the status where somebody gets in, else the status and the reason. */
type Expected = 200 | readonly [status: number, reason: Reason]
type Row = readonly [name: string, attack: RawRequest, expected: Expected]

const refused = (reason: Reason, status = 401): Expected => [status, reason]

/** Whoever is let in, and with what: all of it is remembered when an attack begins. The owner comes last, twice. */
async function warm (app: ListeningApp, jwt: string, connection: string): Promise<void> {
  const others = [request('strangers', stranger.escaped), request('sibling'), request(jwt), request('good', owner.escaped, '/optional'), request('good', owner.escaped, '/off'), request('good', owner.escaped, '/report')]
  for (const other of others) assert.equal((await app.ask(other, connection)).status, 200)
  for (const token of [jwt, 'good', 'good']) assert.equal((await app.ask(request(token), connection)).status, 200)
}

async function coldVerdict (world: World, attack: RawRequest, prepare: (app: ListeningApp) => Promise<unknown> = async () => {}): Promise<Verdict> {
  const app = await startApp(world)
  try {
    await prepare(app)
    return await app.ask(attack)
  } finally {
    await app.close()
  }
}

function assertExpected ({ status, challenge, decision }: Verdict, expected: Expected, what: string): void {
  const [expectedStatus, reason] = expected === 200 ? [200, null] : expected
  assert.deepEqual([status, decision?.reason ?? null], [expectedStatus, reason], what)
  assert.equal(challenge !== null, [401, 403].includes(status) || status === 400, `${what}: a challenge`)
}

/** Runs each row against both, and lets the owner in again afterwards: no attack spoils what is remembered. */
async function compare (t: TestContext, world: World, jwt: string, rows: readonly Row[]): Promise<void> {
  const app = await startApp(world)
  t.after(() => app.close())
  for (const [name, attack, expected] of rows) {
    await t.test(name, async () => {
      const cold = await coldVerdict(world, attack)
      assertExpected(cold, expected, 'cold')
      for (const connection of ['one', 'another']) {
        await warm(app, jwt, 'one')
        assert.deepEqual(await app.ask(attack, connection), cold, `warm, on ${connection} connection`)
      }
      const asked = world.authorizationServer.calls.length
      assert.equal((await app.ask(request('sibling'))).status, 200)
      assert.equal(world.authorizationServer.calls.length, asked, 'it was warm')
    })
  }
}

async function scene (t: TestContext, options: World['options'] = {}): Promise<{ world: World, jwt: string, sign: (more?: Record<string, unknown>) => Promise<string> }> {
  const world = await startWorld(t, options)
  const now = Math.floor(Date.now() / 1000)
  const { active, ...claims } = ownersClaims
  const sign = async (more = {}): Promise<string> => await (world.keys[0] as World['keys'][number]).sign({ iss: jwtIssuer, iat: now, exp: now + 3600, jti: 'j1', ...claims, aud: audience, ...more })
  return { world, jwt: await sign(), sign }
}

const value = owner.escaped

/** Another sign of the same kind at this place, so that only a decoder or a digest tells the difference. */
function changedAt (at: number): string {
  const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const index = signs.indexOf(value[at] as string)
  return value.slice(0, at) + (signs[(index + 1) % signs.length] as string) + value.slice(at + 1)
}

/** Fifty places all over the value, and the limits of the part by which it is found for a new token. */
const spread = Array.from({ length: 50 }, (_, index) => Math.floor(index * value.length / 50))
const nearTheEnd = [121, 120, 119, 100, 80, 60, 42, 41, 40, 39, 20, 2, 1].map((back) => value.length - back)
const places = [...new Set([...spread, ...nearTheEnd])]

const withLines = (...lines: readonly FieldLine[]): RawRequest => ({ lines: [tokenLine('good'), ...lines] })

test('certificates', async (t) => {
  const { world, jwt } = await scene(t)
  const lower = value.replace(/%../g, (escape) => escape.toLowerCase())
  const own = certificateLine(value)
  await compare(t, world, jwt, [
    ['the owner', request('good'), 200],
    ['S-26: another certificate', request('good', stranger.escaped), refused('binding_mismatch')],
    ['S-26: another certificate, with a JWT', request(jwt, stranger.escaped), refused('binding_mismatch')],
    ['S-26: the certificate of another token', request('strangers'), refused('binding_mismatch')],
    ['none', withLines(verdictLine), refused('certificate_missing')],
    ['an empty one', request('good', ''), refused('certificate_placeholder')],
    ['a placeholder', request('good', '(null)'), refused('certificate_placeholder')],
    ['S-13: lower-case percent codes', request('good', lower), 200],
    ['S-13: CR LF', request('good', value.replaceAll('%0A', '%0D%0A')), 200],
    ['S-13: spaces for line breaks', request('good', value.replaceAll('%0A', '%20')), 200],
    ['S-13: no line break at the end', request('good', value.slice(0, -3)), 200],
    ['S-13: an escaped space at the end', request('good', `${value}%20`), 200],
    ['white space around it, which is not part of it', request('good', `  ${value} \t`), 200],
    ['S-13: what need not be escaped is not', request('good', value.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=')), 200],
    ['S-12: escaped twice', request('good', encodeURIComponent(value)), refused('certificate_malformed')],
    ['S-12: unescaped', request('good', decodeURIComponent(value).replaceAll('\n', ' ')), refused('certificate_malformed')],
    ['S-12: lower-case throughout', request('good', value.toLowerCase()), refused('certificate_malformed')],
    ['S-12: + for space', request('good', value.replaceAll('%20', '+')), refused('certificate_malformed')],
    ['S-12: a byte more at its end', request('good', `${value}A`), refused('certificate_malformed')],
    ['S-12: a byte more at its beginning', request('good', `A${value}`), refused('certificate_malformed')],
    ['S-12: an escaped line break at its beginning', request('good', `%0A${value}`), refused('certificate_malformed')],
    ['S-12: a byte less at its end', request('good', value.slice(0, -1)), refused('certificate_malformed')],
    ['S-12: a byte less at its beginning', request('good', value.slice(1)), refused('certificate_malformed')],
    ['S-12: its ending alone', request('good', value.slice(-120)), refused('certificate_malformed')],
    ['S-12: NUL after it, escaped', request('good', `${value}%00`), refused('certificate_malformed')],
    ['S-12: an octet beyond ASCII after it', request('good', `${value}\xa0`), refused('certificate_malformed')],
    ['S-5: the value twice in one line', request('good', value + value), refused('certificate_ambiguous')],
    ['S-5: the value twice, with a comma', request('good', `${value}, ${value}`), refused('certificate_ambiguous')],
    ['S-5: a comma after it', request('good', `${value},`), refused('certificate_ambiguous')],
    ['S-5: the certificate of another before it', request('good', stranger.escaped + value), refused('certificate_ambiguous')],
    ['S-5: two lines', withLines(own, own, verdictLine), refused('certificate_ambiguous')],
    ['S-5: two lines, one of another', withLines(own, verdictLine, certificateLine(stranger.escaped)), refused('certificate_ambiguous')],
    ['S-5: two lines, one empty', withLines(certificateLine(''), own, verdictLine), refused('certificate_ambiguous')],
    ['S-2: an alias beside it', withLines(own, ['X_SSL_Cert', stranger.escaped], verdictLine), refused('certificate_ambiguous')],
    ['S-2: an alias beside it, with the same value', withLines(own, ['x_ssl_cert', value], verdictLine), refused('certificate_ambiguous')],
    ['S-2: an alias alone', withLines(['X_SSL_Cert', value], verdictLine), refused('certificate_ambiguous')],
    ['S-2: the name in other letters', withLines(['x-ssl-CERT', value], verdictLine), 200],
    ['S-4: `Connection` lists it', withLines(own, verdictLine, ['Connection', 'x-ssl-cert']), refused('certificate_ambiguous')],
    ['S-4: `Connection` lists its alias', withLines(own, verdictLine, ['Connection', 'keep-alive, X_SSL_CERT']), refused('certificate_ambiguous')],
    ['S-4: `Connection` lists the verdict', withLines(own, verdictLine, ['Connection', 'x-ssl-verify']), refused('certificate_ambiguous')],
    ['S-6: no verdict', withLines(own), refused('certificate_unverified')],
    ...['NONE', 'FAILED', '', 'success', 'SUCCESS,SUCCESS', 'SUCCESSFUL'].map((verdict): Row =>
      [`S-6: the verdict ${JSON.stringify(verdict)}`, withLines(own, ['X-SSL-Verify', verdict]), refused('certificate_unverified')]),
    ['S-6: two verdicts', withLines(own, verdictLine, verdictLine), refused('certificate_ambiguous')],
    ['S-6: an alias of the verdict', withLines(own, verdictLine, ['X_SSL_Verify', 'SUCCESS']), refused('certificate_ambiguous')],
    ['S-1: the remembered value from a peer that is not trusted', request('good', value, '/', '127.0.0.2'), refused('certificate_source_untrusted')],
    ['S-1: the remembered value from there with a JWT', request(jwt, value, '/', '127.0.0.2'), refused('certificate_source_untrusted')],
    ['S-1: the remembered value from there with a new token', request('fresh-a', value, '/', '127.0.0.2'), refused('certificate_source_untrusted')],
    ['S-1: and what it says of its address', { ...withLines(own, verdictLine, ['X-Forwarded-For', '127.0.0.1']), from: '127.0.0.2' }, refused('certificate_source_untrusted')]
  ])
})

test('S-12: a certificate with one sign changed, of a known token and of a new one', async (t) => {
  const { world, jwt } = await scene(t)
  const app = await startApp(world)
  t.after(() => app.close())
  const reasons = new Set<unknown>()
  for (const place of places) {
    const cold = await coldVerdict(world, request('good', changedAt(place)))
    assert.equal(cold.status, 401, `cold, ${place}`)
    reasons.add(cold.decision?.reason)
    // The same is known of a new token as of that one, once it was asked for.
    for (const token of ['good', `fresh-${place}`]) {
      const attack = request(token, changedAt(place))
      for (const connection of ['one', 'another']) {
        if (connection === 'one') await warm(app, jwt, connection)
        else assert.equal((await app.ask(request('good'), connection)).status, 200)
        assert.deepEqual(await app.ask(attack, connection), cold, `warm, ${token} at ${place}, on ${connection} connection`)
      }
    }
  }
  assert.deepEqual(reasons, new Set(['certificate_malformed', 'binding_mismatch']), 'some are certificates, or nearly')
})

test('tokens', async (t) => {
  const { world, jwt, sign } = await scene(t)
  const [header, payload, signature] = jwt.split('.') as [string, string, string]
  const encode = (members: object): string => Buffer.from(JSON.stringify(members)).toString('base64url')
  const claimed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const changedSign = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
  const withAuthorization = (...values: readonly string[]): RawRequest => ({ lines: [...values.map((each): FieldLine => ['Authorization', each]), certificateLine(value), verdictLine] })
  await compare(t, world, jwt, [
    ['S-27: another token of the same certificate', request('sibling'), 200],
    ['S-27: a new token of the same certificate', request('fresh-b'), 200],
    ['S-27: a new token with another certificate', request('fresh-c', stranger.escaped), refused('binding_mismatch')],
    ['S-27: another token of the client with another certificate', request('sibling', stranger.escaped), refused('binding_mismatch')],
    ['another JWT', request(await sign({ jti: 'j2', scope: 'other' })), 200],
    ['a token without a binding', request('unbound'), refused('binding_missing')],
    ...['Good', 'GOOD', 'goo', 'goodd', 'food', 'good=', 'good==', 'good.', 'good%20'].map((token): Row =>
      [`S-27: ${token} for good`, request(token), token.includes('%') ? refused('token_malformed', 400) : refused('token_inactive')]),
    ['none', withAuthorization(), refused('token_missing')],
    ['two spaces before it', withAuthorization('Bearer  good'), 200],
    ['white space after it, which is not part of it', withAuthorization('Bearer good \t'), 200],
    ['the scheme in other letters', withAuthorization('bEARER good'), 200],
    ['a tab before it', withAuthorization('Bearer\tgood'), refused('token_malformed', 400)],
    ['another scheme', withAuthorization('DPoP good'), refused('token_missing')],
    ['no scheme', withAuthorization('good'), refused('token_missing')],
    ['a comma after it', withAuthorization('Bearer good,'), refused('token_malformed', 400)],
    ['another after it', withAuthorization('Bearer good sibling'), refused('token_malformed', 400)],
    ['an octet beyond ASCII after it', withAuthorization('Bearer good\xff'), refused('token_malformed', 400)],
    ['S-5: two lines', withAuthorization('Bearer good', 'Bearer good'), refused('token_malformed', 400)],
    ['S-5: two lines, one of another', withAuthorization('Bearer good', 'Bearer sibling'), refused('token_malformed', 400)],
    ['S-4: `Connection` lists it', { lines: [...request('good').lines, ['Connection', 'authorization']] }, refused('token_malformed', 400)],
    ...['access_token=good', 'access_token=', 'a=b&access_token', 'access%5Ftoken=good', 'access_token[]=good'].map((query): Row =>
      [`a token in the query, too: ${query}`, request('good', value, `/?${query}`), refused('token_malformed', 400)]),
    ['what only looks like a token in the query', request('good', value, '/?xaccess_token=good&b=access_token'), 200],
    ['S-16: another signature', request(`${header}.${payload}.${changedSign(signature, 3)}`), refused('token_invalid')],
    ['S-16: the last sign of the signature', request(`${header}.${payload}.${signature.slice(0, -1)}${nextSign(signature.at(-1) as string)}`), refused('token_invalid')],
    ['S-16: no signature', request(`${header}.${payload}.`), refused('token_invalid')],
    ['S-16: = after the signature', request(`${jwt}=`), refused('token_invalid')],
    ['S-16: algorithm none', request(`${encode({ alg: 'none', typ: 'at+jwt', kid: 'old' })}.${payload}.`), refused('token_invalid')],
    ['S-16: another key ID', request(`${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'new' })}.${payload}.${signature}`), refused('token_invalid')],
    ['S-16: another claim', request(`${header}.${encode({ ...claimed, scope: 'admin' })}.${signature}`), refused('token_invalid')],
    ['S-16: bound to a stranger', request(`${header}.${encode({ ...claimed, cnf: { 'x5t#S256': stranger.thumbprint } })}.${signature}`, stranger.escaped), refused('token_invalid')],
    ['S-16: in other letters', request(jwt.toLowerCase()), refused('token_invalid')],
    ['the other signature that the same key could have made', request(signedOtherwise(jwt)), 200],
    ['the other signature with another certificate', request(signedOtherwise(jwt), stranger.escaped), refused('binding_mismatch')],
    ['S-26: already expired', request(await sign({ exp: Math.floor(Date.now() / 1000) - 100 })), refused('token_expired')],
    ['S-25: for another audience', request(await sign({ aud: 'https://other.example.com' })), refused('token_audience_mismatch')],
    ['S-25: from another issuer', request(await sign({ iss: 'https://evil.example.com' })), refused('token_issuer_mismatch')]
  ])
})

/** The neighbour in the alphabet of base64url that differs in bits which no octet has. */
function nextSign (sign: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(sign) ^ 1] as string
}

test('routes', async (t) => {
  const { world, jwt, sign } = await scene(t)
  const on = (target: string, value?: string, token = 'good', from?: string): RawRequest => request(token, value, target, from)
  const bare = (target: string, token = 'good'): RawRequest => ({ target, lines: [tokenLine(token)] })
  /** Of a route in report mode the status is always the handler's. */
  const reported = (reason: Reason): Expected => [200, reason]
  await compare(t, world, jwt, [
    ['S-25: a scope that the token has', on('/scope'), 200],
    ['S-25: a scope that it has not', on('/other-scope'), refused('scope_insufficient', 403)],
    ['S-25: another token, whose scope is as long', on('/scope', value, await sign({ jti: 'j3', scope: 'payments' })), refused('scope_insufficient', 403)],
    ['S-25: one of several scopes', on('/any-scope'), refused('scope_insufficient', 403)],
    ['S-25: another audience', on('/other-audience'), refused('token_audience_mismatch')],
    ['S-25: another issuer', on('/jwt-only'), refused('token_invalid')],
    ['S-25: another issuer, with a JWT', on('/opaque-only', value, jwt), refused('token_issuer_mismatch')],
    ['S-25: its own issuer', on('/opaque-only'), 200],
    ['S-25: its own issuer, with a JWT', on('/jwt-only', value, jwt), 200],
    ['S-25: another client', on('/other-client'), refused('client_not_allowed', 403)],
    ['S-25: claims', on('/claims'), refused('claims_insufficient', 403)],
    ['S-25: a stranger learns nothing of what it may do', on('/other-scope', stranger.escaped), refused('binding_mismatch')],
    ['S-39: optional, the owner', on('/optional'), 200],
    ['S-39: optional, a stranger', on('/optional', stranger.escaped), refused('binding_mismatch')],
    ['S-39: optional, no certificate', bare('/optional'), refused('certificate_missing')],
    ['S-39: optional, a placeholder', on('/optional', '(null)'), refused('certificate_placeholder')],
    ['S-39: optional, a bad certificate', on('/optional', value.slice(1)), refused('certificate_malformed')],
    ['S-39: optional, a peer that is not trusted', on('/optional', value, 'good', '127.0.0.2'), refused('certificate_source_untrusted')],
    ['S-39: optional, a token without a binding', bare('/optional', 'unbound'), 200],
    ['S-39: optional, a token without a binding and the remembered certificate', on('/optional', value, 'unbound'), 200],
    ['65: off, the owner', on('/off'), 200],
    ['65: off, a stranger', on('/off', stranger.escaped), 200],
    ['65: off, no certificate', bare('/off'), 200],
    ['65: off, a token that is not active', bare('/off', 'nothing'), refused('token_inactive')],
    ['S-40: report, the owner', on('/report'), 200],
    ['S-40: report, a stranger', on('/report', stranger.escaped), reported('binding_mismatch')],
    ['S-40: report, no certificate', bare('/report'), reported('certificate_missing')],
    ['S-40: report, a peer that is not trusted', on('/report', value, 'good', '127.0.0.2'), reported('certificate_source_untrusted')],
    ['not from the cache, the owner', on('/uncached'), 200],
    ['not from the cache, a stranger', on('/uncached', stranger.escaped), refused('binding_mismatch')],
    ['S-28: another source that trusts nobody here', on('/nobody'), refused('certificate_source_untrusted')],
    ['S-28: another source with another verdict', on('/other-verdict'), refused('certificate_unverified')],
    ['S-28: another source with another format', on('/other-format'), refused('certificate_malformed')],
    ['S-28: another source with another field', on('/other-field'), refused('certificate_missing')],
    ['S-28: another source that takes other names', on('/others-only'), refused('certificate_not_allowed')],
    ['S-28: another source that takes less', on('/short'), refused('certificate_too_large')],
    ['an unknown URL, the owner', on('/nowhere'), [404, null as never]],
    ['an unknown URL, a stranger', on('/nowhere', stranger.escaped), refused('binding_mismatch')]
  ])
})

test('S-1: a proxy that proves itself by a secret does so on each request of a connection', async (t) => {
  const secret = 'the-proxy-says-this-and-nobody-else-does'
  const { world, jwt } = await scene(t, { certificate: { preset: 'nginx', trustedProxies: [{ addresses: ['127.0.0.1'], secretHeader: { name: 'x-proxy-secret', value: secret } }] } })
  const app = await startApp(world)
  t.after(() => app.close())
  const withSecret = (proof: readonly string[], from = '127.0.0.1'): RawRequest => ({ from, lines: [...request('good').lines, ...proof.map((each): FieldLine => ['X-Proxy-Secret', each])] })
  for (const [name, attack, expected] of [
    ['the secret', withSecret([secret]), 200],
    ['no secret', withSecret([]), refused('certificate_source_untrusted')],
    ['an empty one', withSecret(['']), refused('certificate_source_untrusted')],
    ['one sign changed', withSecret([secret.replace('s', 'S')]), refused('certificate_source_untrusted')],
    ['one sign less', withSecret([secret.slice(0, -1)]), refused('certificate_source_untrusted')],
    ['twice', withSecret([secret, secret]), refused('certificate_ambiguous')],
    ['the secret from elsewhere', withSecret([secret], '127.0.0.2'), refused('certificate_source_untrusted')],
    ['with a JWT, no secret', request(jwt), refused('certificate_source_untrusted')]
  ] as Row[]) {
    await t.test(name, async () => {
      const cold = await coldVerdict(world, attack)
      assertExpected(cold, expected, 'cold')
      for (const connection of ['one', 'another']) {
        for (let i = 0; i < 2; i++) assert.equal((await app.ask(withSecret([secret]), connection)).status, 200)
        assert.deepEqual(await app.ask(attack, connection), cold, `warm, on ${connection} connection`)
      }
    })
  }
})

const start = 1_800_000_000_000
const seconds = start / 1000

interface Change {
  /** Claims of the token that is known, opaque and as a JWT. */
  readonly claims?: Record<string, unknown>
  /** What happens while it is known, to both applications. */
  happen (world: World, app: ListeningApp, jwt: string): unknown
  readonly opaque: Expected
  readonly jwt: Expected
  /** Whether the opaque token is the stranger's since. */
  readonly isTransferred?: boolean
}

const evicting = (selector: object, opaque: Expected = refused('token_inactive')): Change => ({
  claims: { exp: seconds + 3600, sid: 's1', grant_id: 'g1' },
  happen: async (world, { app }) => {
    world.known.delete('good')
    await app.boundToken.evict(selector as { all: true })
  },
  opaque,
  jwt: 200
})

const revoking = (selector: object, opaque: Expected = refused('token_inactive')): Change => ({
  claims: { exp: seconds + 3600 },
  happen: async (world, { app }) => {
    if (opaque !== 200) world.known.delete('good')
    await app.boundToken.revoke(selector as { subject: string })
  },
  opaque,
  jwt: refused('token_inactive')
})

const changes: Readonly<Record<string, Change>> = {
  'S-26: nothing happens': { claims: { exp: seconds + 10 }, happen () {}, opaque: 200, jwt: 200 },
  'S-26: a millisecond before exp': { claims: { exp: seconds + 10 }, happen: () => mock.timers.setTime(start + 9999), opaque: 200, jwt: 200 },
  'S-26: exp, and the difference between clocks for the JWT': { claims: { exp: seconds + 10 }, happen: () => mock.timers.setTime(start + 10_000), opaque: refused('token_expired'), jwt: 200 },
  'S-26: after exp': { claims: { exp: seconds + 10 }, happen: () => mock.timers.setTime(start + 15_000), opaque: refused('token_expired'), jwt: refused('token_expired') },
  'S-26: long after exp': { claims: { exp: seconds + 10 }, happen: () => mock.timers.setTime(start + 86_400_000), opaque: refused('token_expired'), jwt: refused('token_expired') },
  'S-26: the clock is set back before nbf': {
    claims: { exp: seconds + 10, nbf: seconds - 10 },
    happen: () => mock.timers.setTime(start - 60_000),
    opaque: refused('token_not_yet_valid'),
    jwt: refused('token_not_yet_valid')
  },
  'S-26: all is evicted': evicting({ all: true }),
  'S-26: it is evicted by itself': evicting({ token: 'good' }),
  'S-26: by its subject': evicting({ subject: 'alice' }),
  'S-26: by its client': evicting({ clientId: 'partner' }),
  'S-26: by its session': evicting({ sessionId: 's1' }),
  'S-26: by its grant': evicting({ grantId: 'g1' }),
  'S-26: by a claim': evicting({ claim: { path: ['cnf', 'x5t#S256'], value: owner.thumbprint } }),
  'S-26: by its issuer and subject': evicting({ subject: 'alice', issuer: opaqueIssuer }),
  'S-26: it is evicted, but active still': { happen: async (_world, { app }) => await app.boundToken.evict({ all: true }), opaque: 200, jwt: 200 },
  'S-26: it is evicted, and bound to another certificate since': {
    happen: async ({ known }, { app }) => {
      known.set('good', { ...ownersClaims, cnf: { 'x5t#S256': stranger.thumbprint } })
      await app.boundToken.evict({ subject: 'alice' })
    },
    opaque: refused('binding_mismatch'),
    jwt: 200,
    isTransferred: true
  },
  'S-26: its subject is revoked': revoking({ subject: 'alice' }),
  'S-26: its client is revoked': revoking({ clientId: 'partner' }),
  'S-26: a claim of it is revoked': revoking({ claim: { path: 'scope', value: 'accounts' } }),
  'S-26: its JWT ID is revoked': revoking({ jwtId: 'j1' }, 200),
  'S-26: the JWT is revoked by itself': { happen: async (_world, { app }, token) => await app.boundToken.revoke({ token }), opaque: 200, jwt: refused('token_inactive') },
  'S-26: its time in the cache is over, and nobody told that it is not active': {
    claims: { exp: seconds + 86_400 },
    happen: ({ known }) => {
      known.delete('good')
      mock.timers.setTime(start + 3_600_000)
    },
    opaque: refused('token_inactive'),
    jwt: 200
  },
  'S-26: the key is withdrawn': {
    claims: { exp: seconds + 3600 },
    happen: async (world, app) => {
      // Beyond the cool-down: a token with an unknown key ID makes the application look again.
      mock.timers.setTime(start + 11_000)
      const next = world.keys.find(({ kid }) => kid === 'next') ?? await signingKey('next')
      world.keys = [next]
      const token = await next.sign({ iss: jwtIssuer, aud: audience, iat: seconds, exp: seconds + 3600, cnf: { 'x5t#S256': owner.thumbprint } })
      assert.equal((await app.ask(request(token))).status, 200)
    },
    opaque: 200,
    jwt: refused('token_invalid')
  }
}

for (const [name, { claims = {}, happen, opaque, jwt, isTransferred = false }] of Object.entries(changes)) {
  test(name, async (t) => {
    mock.timers.enable({ apis: ['Date'], now: start })
    t.after(() => mock.timers.reset())
    const { world, sign } = await scene(t, { revocation: { grantIdClaim: 'grant_id' } })
    world.known.set('good', { ...ownersClaims, ...claims })
    const token = await sign(claims)
    const app = await startApp(world)
    t.after(() => app.close())
    for (const connection of ['one', 'another']) {
      for (const known of ['good', signedOtherwise(token), token]) for (let i = 0; i < 2; i++) assert.equal((await app.ask(request(known), connection)).status, 200)
    }
    await happen(world, app, token)
    const attacks = [
      [request('good'), opaque],
      [request(token), jwt],
      [request(signedOtherwise(token)), jwt],
      [request('good', stranger.escaped), isTransferred ? 200 : null],
      [request(token, stranger.escaped), null]
    ] as const
    for (const [attack, expected] of attacks) {
      const cold = await coldVerdict(world, attack, async (other) => { await happen(world, other, token) })
      if (expected === null) assert.equal(cold.status, 401, 'a stranger')
      else assertExpected(cold, expected, 'cold')
      for (const connection of ['one', 'another']) assert.deepEqual(await app.ask(attack, connection), cold, `warm, on ${connection} connection`)
    }
  })
}

/** What becomes of the trust in a certificate that is remembered as trusted. */
const trustChanges: ReadonlyArray<readonly [name: string, happen: (file: string, anothers: string, now: number) => void, expected: Expected]> = [
  ['nothing happens', () => {}, 200],
  ['S-9: its authority is replaced', (file, anothers, now) => { replace(file, anothers); mock.timers.setTime(now + 2000) }, refused('certificate_untrusted')],
  ['S-9: the file of the authorities can no longer be read: what was read counts', (file, _anothers, now) => { replace(file, 'nothing'); mock.timers.setTime(now + 2000) }, 200],
  ['it ends', (_file, _anothers, now) => { mock.timers.setTime(now + 62_000) }, refused('certificate_expired')],
  ['the clock is set back to before it began', (_file, _anothers, now) => { mock.timers.setTime(now - 45_000) }, refused('certificate_not_yet_valid')]
]

for (const [name, happen, expected] of trustChanges) {
  test(`a certificate that is known to be trusted: ${name}`, async (t) => {
    const now = Math.floor(Date.now() / 1000) * 1000
    mock.timers.enable({ apis: ['Date'], now })
    t.after(() => mock.timers.reset())
    const [ours, another] = [await createPki(), await createPki()]
    const partner = await createClientCertificate('partner', { issuer: ours, notBefore: new Date(now - 30_000), notAfter: new Date(now + 60_000) })
    const foreign = await createClientCertificate('partner', { issuer: another })
    const folder = mkdtempSync(join(tmpdir(), 'authorities-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'ca.pem')
    writeFileSync(file, ours.ca)
    const { world } = await scene(t, { certificate: { preset: 'nginx', format: 'base64-der', trustedProxies: ['127.0.0.1'], trust: { ca: { file } } } })
    world.known.set('good', { ...ownersClaims, cnf: { 'x5t#S256': partner.thumbprint } })
    world.known.set('foreigners', { ...ownersClaims, cnf: { 'x5t#S256': foreign.thumbprint } })
    const own = request('good', partner.der.toString('base64'))
    const app = await startApp(world)
    t.after(() => app.close())
    for (const connection of ['one', 'another']) for (let i = 0; i < 2; i++) assert.equal((await app.ask(own, connection)).status, 200)
    assert.equal((await app.ask(request('foreigners', foreign.der.toString('base64')))).decision?.reason, 'certificate_untrusted')
    const isBoot = !name.includes('no longer be read')
    if (isBoot) happen(file, another.ca, now)
    const other = await startApp(world)
    t.after(() => other.close())
    if (!isBoot) happen(file, another.ca, now)
    const cold = await other.ask(own)
    assertExpected(cold, expected, 'cold')
    for (const connection of ['one', 'another']) assert.deepEqual(await app.ask(own, connection), cold, `warm, on ${connection} connection`)
  })
}
