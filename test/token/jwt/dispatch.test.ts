// Which issuer gets to see a token, and by what means: never a second one.
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { readClaims, type Issuer, type TokenRecord } from '../../../lib/access-token.ts'
import { sharedLists } from '../../../lib/shared-lists.ts'
import type { JwtOptions } from '../../../lib/options.ts'
import { compileJwt } from '../../../lib/token/compile-jwt.ts'
import { dispatcher, type Verify, type VerifyingIssuer } from '../../../lib/token/dispatch.ts'
import { jwtResolver } from '../../../lib/token/jwt.ts'
import { scriptedResolver, type ScriptedResolver } from '../../cache/scripted-resolver.ts'
import { factsOf } from '../../../lib/token/facts.ts'
import type { Facts } from '../../../lib/token/resolver.ts'
import { refused } from '../refused.ts'
import { encrypted, encryptedFor, nested, ourRsa, rawJwe } from './encrypted-tokens.ts'
import { accessTokenHeader, claimsWith, ec, encode, issuer, jwkOf, jwks, noRemoteKeys, rawJws, signerFor, token } from './tokens.ts'

const keyOfB = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const nameOfB = 'https://b.example.com'
const jwksOfB = { keys: [jwkOf(keyOfB.publicKey, { kid: 'ec' })] }

interface Scripted extends VerifyingIssuer { readonly asked: string[] }

/** An issuer whose introspection endpoint says of every token that it is active. */
async function verifying (verify: Verify, jwt: JwtOptions | null = { jwks }, name = issuer.name, answer: (token: string) => TokenRecord | null = () => recordOf(name)): Promise<Scripted> {
  const of: Issuer = { name, audience: issuer.audience }
  const introspection: ScriptedResolver = scriptedResolver(answer, [name, 'introspection'])
  return {
    issuer: of,
    jwt: jwt === null ? null : jwtResolver(await compileJwt(of, jwt, 'issuer.jwt', noRemoteKeys, () => {})),
    clockTolerance: 5,
    takesEncrypted: jwt?.decryption !== undefined,
    introspection: verify === 'jwt' ? null : introspection,
    givesJwt: false,
    verify,
    close: async () => {},
    asked: introspection.asked
  }
}

function recordOf (name: string, more: Record<string, unknown> = {}): TokenRecord {
  const record = readClaims({ ...claimsWith({ iss: name, ...more }), active: true }, { name, audience: issuer.audience }, sharedLists())
  assert.ok(typeof record === 'object', String(record))
  return record
}

const fromB = (more: Record<string, unknown> = {}): string => token({ iss: nameOfB, ...more }, {}, keyOfB.privateKey)

test('T38, 162: two issuers: the key of the one proves nothing for the other', async () => {
  const { resolve } = dispatcher([await verifying('jwt'), await verifying('jwt', { jwks: jwksOfB }, nameOfB)])
  assert.equal((await resolve(token())).record?.issuer.name, issuer.name)
  assert.equal((await resolve(fromB())).record?.issuer.name, nameOfB)
  await refused('token_invalid', resolve(token({ iss: nameOfB })))
  await refused('token_invalid', resolve(token({}, {}, keyOfB.privateKey)))
  for (const kid of [undefined, 'rsa', 'unknown']) await refused('token_invalid', resolve(token({ iss: nameOfB }, { kid })))
  for (const iss of ['https://c.example.com', '', `${nameOfB}/`, 'https://B.example.com', '__proto__', 'constructor']) await refused('token_issuer_mismatch', resolve(token({ iss })))
  for (const iss of [undefined, null, 1, [nameOfB], { iss: nameOfB }]) await refused('token_invalid', resolve(token({ iss })))
  await refused('token_invalid', resolve(token({ iss: undefined }, { iss: issuer.name })))
})

test('T38, T36: two issuers, encrypted tokens: the header picks, the token inside counts', async () => {
  const keyFor = (jwks: NonNullable<JwtOptions['jwks']>): JwtOptions => ({ ...encryptedFor(), jwks })
  const { resolve } = dispatcher([await verifying('jwt', keyFor(jwks)), await verifying('jwt', keyFor(jwksOfB), nameOfB)])
  assert.equal((await resolve(await nested(token(), { iss: issuer.name }))).record?.issuer.name, issuer.name)
  assert.equal((await resolve(await nested(fromB(), { iss: nameOfB }))).record?.issuer.name, nameOfB)
  await refused('token_invalid', resolve(await nested(token(), { iss: nameOfB })))
  await refused('token_issuer_mismatch', resolve(await nested(token({ iss: nameOfB }), { iss: issuer.name })))
  await refused('token_issuer_mismatch', resolve(await nested(token(), { iss: 'https://c.example.com' })))
  await refused('token_invalid', resolve(await nested()))
  const one = dispatcher([await verifying('jwt', keyFor(jwks)), await verifying('jwt', { jwks: jwksOfB }, nameOfB)])
  assert.equal((await one.resolve(await nested())).record?.issuer.name, issuer.name)
  await refused('token_invalid', one.resolve(await nested(fromB())))
  await refused('token_invalid', one.resolve(await nested(fromB(), { iss: nameOfB })))
})

/** Tokens of three parts that are no good, each for another reason. */
async function badTokens (): Promise<string[]> {
  const good = token()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const sign = signerFor('ES256', ec.privateKey)
  return [
    `${good.slice(0, -4)}AAAA`, `${header}.${payload}.`, `${header}..${signature}`, `.${payload}.${signature}`, '..', '.x.', 'a.b.c', ` ${good}`, `${good} `, `${good}=`, `${header}=.${payload}.${signature}`, `${good}~`,
    token({ exp: 1 }).slice(0, -2), token({ iss: 'https://c.example.com' }), token({ iss: undefined }), token({ exp: undefined }), token({ aud: undefined }), token({}, { typ: 'JWT' }), token({}, { kid: 'unknown' }),
    token({}, {}, keyOfB.privateKey), token({}, { alg: 'none' }), token({}, { crit: ['exp'] }), rawJws(JSON.stringify(accessTokenHeader), 'opaque', sign), rawJws('x', JSON.stringify(claimsWith()), sign),
    rawJws(JSON.stringify({ ...accessTokenHeader, alg: 'HS256' }), JSON.stringify(claimsWith()), signerFor('HS256', createSecretKey(Buffer.alloc(32)))),
    // Five parts: no decryption is configured, or it fails.
    await nested(), '....', 'a.b.c.d.e', `${good}.${signature}.${signature}`, rawJwe({ zip: 'DEF' }, good), await nested(good, { iss: issuer.name }), await nested(good, { iss: 'https://c.example.com' })
  ]
}

for (const verify of ['by-shape', 'both'] as const) {
  test(`S-24: ${verify}: what has the shape of a JWT and is refused is not asked for`, async () => {
    const one = await verifying(verify)
    const { resolve } = dispatcher([one])
    for (const bad of await badTokens()) {
      await resolve(bad).then(() => assert.fail(`taken: ${bad}`), () => {})
      assert.deepEqual(one.asked, [], bad)
    }
    const both = dispatcher([await verifying('jwt', { jwks: jwksOfB }, nameOfB), one])
    for (const bad of [...await badTokens(), token({ iss: nameOfB }), fromB().slice(0, -4)]) {
      await both.resolve(bad).then(() => assert.fail(`taken: ${bad}`), () => {})
      assert.deepEqual(one.asked, [], bad)
    }
    assert.equal((await resolve('an-opaque-token')).record?.claims.sub, 'alice')
    assert.deepEqual(one.asked, ['an-opaque-token'], 'the script is asked at all')
    assert.equal((await resolve(token())).record?.claims.sub, 'alice')
    assert.equal(one.asked.length, verify === 'both' ? 2 : 1)
  })
}

test('S-24: an encrypted token that fails is not asked for either', async () => {
  const one = await verifying('by-shape', encryptedFor())
  const { resolve } = dispatcher([one])
  for (const bad of [await nested(`${token()}x`), await nested('opaque'), rawJwe({ zip: 'DEF' }, token()),
    await encrypted(JSON.stringify(claimsWith()), { alg: 'RSA-OAEP-256', typ: 'at+jwt' }, ourRsa.publicKey), token(), 'a.b.c.d.e']) {
    await refused('token_invalid', resolve(bad))
  }
  assert.deepEqual(one.asked, [])
  assert.equal((await resolve(await nested())).record?.claims.sub, 'alice')
})

test('S-24: where only JWTs are taken, an opaque token is refused', async () => {
  const { resolve } = dispatcher([await verifying('jwt')])
  for (const opaque of ['opaque', '', 'a.b', 'a.b.c.d', 'a.b.c.d.e.f', encode(token()), token().replace('.', ''), token().replaceAll('.', '..')]) await refused('token_invalid', resolve(opaque))
})

test('S-24: an opaque token that two issuers could have made goes to none', async () => {
  const [a, b] = [await verifying('by-shape'), await verifying('introspection', null, nameOfB)]
  await refused('token_invalid', dispatcher([a, b]).resolve('opaque'))
  assert.deepEqual([a.asked, b.asked], [[], []])
})

test('T38: a JWT of one issuer is not shown to another one that would be asked', async () => {
  const [a, b] = [await verifying('by-shape'), await verifying('introspection', null, nameOfB)]
  const { resolve } = dispatcher([a, b])
  assert.equal((await resolve(token())).record?.issuer.name, issuer.name)
  assert.deepEqual([a.asked, b.asked], [[], []])
  const theirs = fromB()
  assert.equal((await resolve(theirs)).record?.issuer.name, nameOfB)
  assert.deepEqual([a.asked, b.asked], [[], [theirs]])
})

test('both: what the answer says of another binding, subject, client or issuer refuses; not active is not active', async () => {
  const of = async (more: Record<string, unknown> | null) => dispatcher([await verifying('both', { jwks }, issuer.name, () => more === null ? null : recordOf(issuer.name, more))])
  assert.equal((await (await of({})).resolve(token())).record?.claims.sub, 'alice')
  for (const more of [{ cnf: null }, { cnf: {} }, { cnf: { jkt: 'x' } }, { cnf: { 'x5t#S256': 'A'.repeat(43) } }, { sub: 'root' }, { client_id: 'root' }, { jti: 'j2' }, { iss: nameOfB }]) {
    await refused('issuer_bad_response', (await of(more)).resolve(token()))
  }
  assert.equal((await (await of(null)).resolve(token())).record, null)
  const narrowed = (await (await of({ scope: 'accounts admin', aud: ['https://api.example.com', 'x'], exp: 4_000_000_000 })).resolve(token({ scope: 'accounts payments' }))).record as TokenRecord
  assert.deepEqual([[...narrowed.scopes.set], narrowed.audience, narrowed.claims.exp === 4_000_000_000], [['accounts'], ['https://api.example.com'], false])
})

test('both: a token is good while both say so; the difference between clocks is allowed for what was signed, and for no limit there is none', async () => {
  const soon = 4_000_000_000
  const past = 1_000_000_000
  for (const [ours, theirs, goodFrom, goodUntil] of [
    [{ exp: soon }, { exp: undefined }, null, soon + 5],
    [{ exp: soon }, { exp: soon + 100 }, null, soon + 5],
    [{ exp: soon }, { exp: soon + 3 }, null, soon + 3],
    [{ exp: soon }, { exp: soon - 100 }, null, soon - 100],
    [{ exp: soon, nbf: past }, { exp: soon }, past - 5, soon],
    [{ exp: soon }, { exp: soon, nbf: past }, past - 5, soon],
    [{ exp: soon, nbf: past }, { exp: soon, nbf: past + 100 }, past + 95, soon],
    [{ exp: soon, nbf: past + 100 }, { exp: soon, nbf: past }, past + 95, soon],
    [{ exp: soon, nbf: 0 }, { exp: soon }, -5, soon]
  ] as const) {
    const { resolve, restore } = dispatcher([await verifying('both', { jwks }, issuer.name, () => recordOf(issuer.name, theirs))])
    const { record } = await resolve(token(ours))
    assert.deepEqual([record?.goodFrom ?? null, record?.goodUntil], [goodFrom, goodUntil], JSON.stringify([ours, theirs]))
    // As processes tell each other.
    const facts = JSON.parse(JSON.stringify(factsOf(record as TokenRecord, ''))) as Facts
    const again = restore?.(facts, '')
    assert.deepEqual([again?.goodFrom ?? null, again?.goodUntil], [goodFrom, goodUntil], `restored ${JSON.stringify([ours, theirs])}`)
  }
})

test('a token without an end has none in another process either', async () => {
  const { restore } = dispatcher([await verifying('introspection')])
  const again = restore?.(JSON.parse(JSON.stringify(factsOf(recordOf(issuer.name, { exp: undefined, nbf: undefined }), ''))) as Facts, '')
  assert.ok(again)
  assert.deepEqual([again.claims.exp, again.goodFrom, again.goodUntil, again.fault], [undefined, undefined, null, null])
})

test('tokens that another process asked for, and those of `both`, find equal lists as all others do', async () => {
  // Making the place for such lists takes twice as long as all the rest of a request.
  const { resolve, restore } = dispatcher([await verifying('both')])
  const [one, other] = [await resolve(token()), await resolve(token())].map(({ record }) => record as TokenRecord) as [TokenRecord, TokenRecord]
  assert.equal(one.scopes, other.scopes)
  assert.equal(one.audience, other.audience)
  const [first, second] = [restore?.(factsOf(one, ''), ''), restore?.(factsOf(other, ''), '')]
  assert.ok(first !== null && first !== undefined && first.scopes.set.size > 0)
  assert.equal(first.scopes, second?.scopes)
  assert.equal(first.audience, second?.audience)
})
