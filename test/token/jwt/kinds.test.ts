// RFC 8725 sections 3.11 and 3.12: no other kind of JWT is an access token; and headers that change what is signed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JwtOptions } from '../../../lib/options.ts'
import { refused } from '../refused.ts'
import { accessTokenHeader, claimsWith, ec, encode, jwkOf, jwks, rawJws, signerFor, token, verifier } from './tokens.ts'

const verify = await verifier()
const verifyAnyType = await verifier({ jwks, typ: false })

for (const typ of ['at+jwt', 'AT+JWT', 'At+Jwt', 'application/at+jwt', 'APPLICATION/AT+JWT']) {
  test(`T9, 109: typ ${typ} is that of an access token`, async () => {
    assert.equal((await verify(token({}, { typ }))).claims.sub, 'alice')
  })
}

for (const typ of [
  undefined, null, '', 'JWT', 'jwt', 'application/jwt', 'at+jwt; x', 'at+jwt;x=y', ' at+jwt', 'at+jwt ', 'at jwt', 'at%2Bjwt', 'at+jwt\0', 'text/at+jwt', 'application/application/at+jwt',
  'application/', '/at+jwt', 'at+jw\u0442', 'at+jwt+at+jwt', 1, true, {}, ['at+jwt'], { 'at+jwt': true }
]) {
  test(`T9, 109: typ ${JSON.stringify(typ) ?? 'absent'}`, async () => {
    await refused('token_invalid', verify(token({}, { typ })))
  })
}

// What servers put into other kinds, signed with the same key.
const others: Record<string, { header?: Record<string, unknown>, claims: Record<string, unknown> }> = {
  'an ID token': { header: { typ: 'JWT' }, claims: { aud: 'partner', nonce: 'n', at_hash: 'x', auth_time: 1 } },
  'an ID token without typ': { header: { typ: undefined }, claims: { aud: 'partner', nonce: 'n', c_hash: 'x' } },
  'an ID token for us': { header: { typ: 'JWT' }, claims: { at_hash: 'x' } },
  'a refresh token': { header: { typ: 'rt+jwt' }, claims: {} },
  'a refresh token of Keycloak': { header: { typ: 'JWT' }, claims: { typ: 'Refresh' } },
  'a logout token': { header: { typ: 'logout+jwt' }, claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, sid: '1' } },
  'a logout token with typ JWT': { header: { typ: 'JWT' }, claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } } },
  'a security event': { header: { typ: 'secevent+jwt' }, claims: { events: {} } },
  'a signed introspection answer': { header: { typ: 'token-introspection+jwt' }, claims: { token_introspection: { active: true, ...claimsWith() } } },
  'a DPoP proof': { header: { typ: 'dpop+jwt', jwk: jwkOf(ec.publicKey) }, claims: { htm: 'GET', htu: 'https://api.example.com/' } },
  'a client assertion': { header: { typ: 'JWT' }, claims: { iss: 'partner', sub: 'partner' } },
  'a client assertion with its typ': { header: { typ: 'client-authentication+jwt' }, claims: {} },
  'a request object': { header: { typ: 'oauth-authz-req+jwt' }, claims: { response_type: 'code' } },
  'a key binding JWT': { header: { typ: 'kb+jwt' }, claims: { nonce: 'n', sd_hash: 'x' } },
  'an entity statement': { header: { typ: 'entity-statement+jwt' }, claims: { jwks } }
}

for (const [name, { header, claims }] of Object.entries(others)) {
  test(`T10, S-17, 134, 151, 168: ${name}`, async () => {
    await refused('token_invalid', verify(token(claims, header)))
  })
}

test('S-17: token_use says what it is, as at Cognito', async () => {
  for (const typ of ['at+jwt', 'JWT']) {
    for (const tokenUse of ['id', 'refresh', '', 'ACCESS', 'access ', null, true, ['access']]) {
      await refused('token_invalid', verifyAnyType(token({ token_use: tokenUse }, { typ })))
    }
    assert.equal((await verifyAnyType(token({ token_use: 'access' }, { typ }))).claims.sub, 'alice')
  }
})

test('S-17, 168: where any typ is taken, the types and the members of other kinds are not', async () => {
  for (const typ of ['dpop+jwt', 'DPoP+JWT', 'application/dpop+jwt', 'logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'oauth-authz-req+jwt', 'client-authentication+jwt', 'kb+jwt', 1, null, ['JWT']]) {
    await refused('token_invalid', verifyAnyType(token({}, { typ })))
  }
  for (const claims of [{ at_hash: 'x' }, { c_hash: 'x' }, { events: {} }, { token_introspection: {} }, { at_hash: null }, { events: null }]) {
    await refused('token_invalid', verifyAnyType(token(claims, { typ: 'JWT' })))
  }
  for (const typ of ['JWT', undefined, 'at+jwt']) assert.equal((await verifyAnyType(token({}, { typ }))).claims.sub, 'alice')
})

test('a typ that was configured takes the place of at+jwt', async () => {
  const verify = await verifier({ jwks, typ: ['JWT', 'application/x+JWT'] } satisfies JwtOptions)
  for (const typ of ['jwt', 'application/jwt', 'x+jwt']) assert.equal((await verify(token({}, { typ }))).claims.sub, 'alice')
  for (const typ of ['at+jwt', undefined]) await refused('token_invalid', verify(token({}, { typ })))
})

for (const [name, header] of Object.entries<Record<string, unknown>>({
  'crit: ["exp"]': { crit: ['exp'] },
  'crit: ["exp"], and exp in the header': { crit: ['exp'], exp: 4_000_000_000 },
  'crit: []': { crit: [] },
  'crit: ["b64"]': { crit: ['b64'] },
  'crit: ["b64"], b64: true': { crit: ['b64'], b64: true },
  'crit: ["b64"], b64: false': { crit: ['b64'], b64: false },
  'b64: false alone': { b64: false },
  'b64: "false"': { b64: 'false' },
  'crit: ["cnf"]': { crit: ['cnf'], cnf: {} },
  'crit: ["alg"]': { crit: ['alg'] },
  'crit: null': { crit: null },
  'crit: "exp"': { crit: 'exp' },
  'crit: {}': { crit: {} },
  'crit: ["http://example.invalid/UNDEFINED"]': { crit: ['http://example.invalid/UNDEFINED'], 'http://example.invalid/UNDEFINED': true }
})) {
  test(`T8, S-19, 136, 137: ${name}`, async () => {
    await refused('token_invalid', verify(token({}, header)))
  })
}

test('T8, 136: a payload that is not encoded (RFC 7797)', async () => {
  const header = JSON.stringify({ ...accessTokenHeader, crit: ['b64'], b64: false })
  const payload = JSON.stringify(claimsWith()).replaceAll('.', '\\u002e')
  const input = `${encode(header)}.${payload}`
  const signature = encode(signerFor('ES256', ec.privateKey)(Buffer.from(input)))
  await refused('token_invalid', verify(`${input}.${signature}`))
})

test('136: a detached payload', async () => {
  const [header, , signature] = token().split('.')
  await refused('token_invalid', verify(`${header}..${signature}`))
  await refused('token_invalid', verify(rawJws(JSON.stringify(accessTokenHeader), '', signerFor('ES256', ec.privateKey))))
})

test('T22, 136: JSON serialisations', async () => {
  const [header, payload, signature] = token().split('.')
  for (const value of [
    { protected: header, payload, signature }, { payload, signatures: [{ protected: header, signature }] }, { protected: header, header: {}, payload, signature },
    [header, payload, signature], `${header}.${payload}.${signature}`
  ]) {
    await refused('token_invalid', verify(JSON.stringify(value)))
    await refused('token_invalid', verify(encode(JSON.stringify(value))))
  }
})

test('T23: headers that are long, deep, wide, ambiguous or none', async () => {
  const sign = signerFor('ES256', ec.privateKey)
  const payload = JSON.stringify(claimsWith())
  const members = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`m${index}`, index]))
  const inner = JSON.stringify(accessTokenHeader).slice(1)
  const started = performance.now()
  for (const header of [
    `{"deep":${'['.repeat(50_000)}${']'.repeat(50_000)},${inner}`, `{"alg":"none",${inner}`, `{"typ":"JWT",${inner}`, `{"\\u0061lg":"none",${inner}`, `[${JSON.stringify(accessTokenHeader)}]`, 'null', '"x"', '1', '',
    '{}', `\ufeff{${inner}`, `{${inner}x`, `{${inner.slice(0, -1)},}`, Buffer.from(`{${inner}`, 'utf16le'), Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc3, 0x28]), Buffer.from(`",${inner}`)])
  ]) {
    await refused('token_invalid', verify(rawJws(header, payload, sign)))
  }
  await refused('token_invalid', verify(token({}, { ...members, kid: 'unknown', pad: 'x'.repeat(100_000) })))
  // What is only large and well-formed has its cost bounded by the length of the Authorization header.
  assert.equal((await verify(token({}, { ...members, pad: 'x'.repeat(100_000) }))).claims.sub, 'alice')
  assert.ok(performance.now() - started < 5000)
})
