// RFC 9068 sections 2.2 and 4: claims that are wrong whatever the time and the route.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessTokenOf } from '../../../lib/access-token.ts'
import type { Reason } from '../../../types/decision.ts'
import { refused } from '../refused.ts'
import { claimsWith, encode, jwks, now, token, tokenOf, verifier } from './tokens.ts'

const verify = await verifier()

function refuses (ids: string, claim: string, values: unknown[], reason: Reason = 'token_invalid'): void {
  test(`${ids}: ${claim} ${values.map((value) => JSON.stringify(value) ?? 'absent').join(', ').slice(0, 100)}`, async () => {
    for (const value of values) await refused(reason, verify(token({ [claim]: value })))
  })
}

refuses('T11, 114, S-18', 'iss', [
  undefined, null, '', 'https://other.example.com', 'https://login.example.com/', 'https://LOGIN.example.com', 'HTTPS://login.example.com', 'https://login.example.com:443', 'http://login.example.com',
  'https://login.example.com ', ' https://login.example.com', 'https://login.example.com?', 'https://login.example.com#', 'https://login.example.com/.', 'https://login.example.com.', 'login.example.com',
  'https://l\u043egin.example.com', 'https://login.example.com\0', ['https://login.example.com'], { iss: 'https://login.example.com' }, 1, true
], 'token_issuer_mismatch')
refuses('T12, 115, 116, 164, S-18', 'aud', [undefined, null, 1, true, {}, { 0: 'https://api.example.com' }, [['https://api.example.com']], ['https://api.example.com', 1], ['https://api.example.com', null]])
refuses('T13, 118, 126, S-18', 'exp', [undefined, null, '1900000000', '', 1e15, 253_402_300_800, -1, -1e300, true, [4_000_000_000], {}])
refuses('T14, 126', 'nbf', ['0', null, -1, 1e15, true, [0]])
refuses('T14, 126', 'iat', ['0', null, -1, 1e15, true, [0]])
refuses('131', 'auth_time', ['0', null, -1, true])
refuses('131', 'acr', [1, null, ['urn:x']])
refuses('T24, 133', 'scope', [['accounts'], 1, null, { accounts: true }, true])
for (const claim of ['sub', 'client_id', 'jti']) refuses('126', claim, [1, null, true, ['alice'], { sub: 'alice' }])
refuses('T14, 125', 'iat', [4_000_000_000, 253_402_300_799], 'token_not_yet_valid')

test('T14: numbers with a fraction are numbers (RFC 7519 section 2)', async () => {
  const exp = now() + 60.5
  const record = await verify(token({ exp, nbf: now() - 0.5, iat: now() - 1.25 }))
  assert.equal(accessTokenOf(record, true).expiresAt, exp)
  assert.equal(record.claims.exp === Math.floor(record.claims.exp as number), false)
})

for (const literal of ['1e400', '-1e400', '1E+309', 'NaN', 'Infinity', '0x7fffffff', '1_000', '+1900000000', '01900000000', '-1', '.5', '1.']) {
  test(`T13, 126: ${literal} as a number`, async () => {
    for (const claim of ['exp', 'nbf', 'iat']) {
      const text = JSON.stringify(claimsWith({ [claim]: 0 })).replace(`"${claim}":0`, `"${claim}":${literal}`)
      await refused('token_invalid', verify(tokenOf(text)))
    }
  })
}

test('T15: a member that stands twice, also in another spelling and further down', async () => {
  const inner = JSON.stringify(claimsWith()).slice(1)
  for (const twice of [
    '"exp":1', '"exp":4000000000', '"cnf":{}', '"cnf":null', '"aud":"other"', '"iss":"https://login.example.com"', '"scope":"admin"', '"\\u0065xp":1', '"\\u0063nf":{}', '"x":{"a":1,"a":1}', '"x":1,"x":1',
    '"x":[{"a":1,"a":1}]', '"__proto__":1,"__proto__":1'
  ]) {
    await refused('token_invalid', verify(tokenOf(`{${twice},${inner}`)))
    await refused('token_invalid', verify(tokenOf(`{${inner.slice(0, -1)},${twice}}`)))
  }
  assert.equal((await verify(tokenOf(`{"x":1,${inner}`))).claims.sub, 'alice')
})

test('T16: `__proto__` and `constructor` are claims like others, and nobody\'s prototype', async () => {
  const inner = JSON.stringify(claimsWith({ scope: undefined, cnf: undefined })).slice(1)
  const nasty = '"__proto__":{"scope":"admin","cnf":{},"client_id":"root"},"constructor":{"prototype":{"scope":"admin"}},"prototype":{"scope":"admin"},"hasOwnProperty":1,"toString":null'
  const record = await verify(tokenOf(`{${nasty},${inner}`))
  assert.deepEqual([...record.scopes.set], [])
  assert.equal(record.requirement.kind, 'none')
  assert.equal(record.claims.client_id, 'partner')
  assert.equal((record.claims as Record<string, unknown>)['scope'], undefined)
  assert.equal(({} as Record<string, unknown>)['scope'], undefined)
  // What stands only in the prototype is not there.
  const without = JSON.stringify(claimsWith({ exp: undefined })).slice(1)
  await refused('token_invalid', verify(tokenOf(`{"__proto__":{"exp":4000000000},${without}`)))
  await refused('token_issuer_mismatch', verify(tokenOf(`{"__proto__":{"iss":"https://login.example.com"},${JSON.stringify(claimsWith({ iss: undefined })).slice(1)}`)))
})

const good = JSON.stringify(claimsWith())
const payloads: Record<string, string | Uint8Array> = {
  array: `[${good}]`,
  string: JSON.stringify(good),
  number: '1',
  null: 'null',
  true: 'true',
  empty: '',
  'a space': ' ',
  'no JSON': 'x',
  'JSON and more': `${good}x`,
  'two objects': `${good}${good}`,
  'a comment': `/**/${good}`,
  'a comma too many': `${good.slice(0, -1)},}`,
  'single quotes': good.replaceAll('"', "'"),
  BOM: `\ufeff${good}`,
  'UTF-16': Buffer.from(good, 'utf16le'),
  'UTF-16 with BOM': Buffer.from(`\ufeff${good}`, 'utf16le'),
  'invalid UTF-8': Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc3, 0x28]), Buffer.from(`",${good.slice(1)}`)]),
  'UTF-8 with a surrogate': Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`",${good.slice(1)}`)]),
  'UTF-8 longer than need be': Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc0, 0xaf]), Buffer.from(`",${good.slice(1)}`)]),
  NUL: `${good}\0`,
  'a line break in a string': good.replace('alice', 'al\nice'),
  'lists, 100 000 deep': `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)},${good.slice(1)}`,
  'objects, 100 000 deep': `{"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},${good.slice(1)}`,
  'lists that never end': `{"x":${'['.repeat(100_000)}`,
  'another JWT': token()
}
for (const [name, payload] of Object.entries(payloads)) {
  test(`T17, 161: the payload is ${name}`, async () => {
    await refused('token_invalid', verify(tokenOf(payload)))
  })
}

for (const [id, claim] of [['119, 123', 'iat'], ['120, 123', 'sub'], ['121, 123', 'client_id'], ['122, 123', 'jti']] as const) {
  test(`${id}: ${claim} is demanded with a profile, and not without`, async () => {
    assert.equal((await verify(token({ [claim]: undefined }))).issuer.name, 'https://login.example.com')
    for (const profile of ['rfc9068', 'fapi'] as const) {
      const strict = await verifier({ jwks, profile })
      assert.equal((await strict(token())).claims.sub, 'alice')
      await refused('token_invalid', strict(token({ [claim]: undefined })))
      await refused('token_invalid', strict(token({ [claim]: null })))
    }
  })
}

test('111: the profile fapi has no RS256', async () => {
  await assert.rejects(verifier({ jwks, profile: 'fapi', algorithms: ['RS256'] }), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /found RS256; allowed with the profile fapi: PS256, ES256, EdDSA, Ed25519/ })
})

test('163: claims that are required, with and without a value', async () => {
  const named = await verifier({ jwks, requiredClaims: ['tenant'] })
  const valued = await verifier({ jwks, requiredClaims: { sub: 'alice', purpose: 'access_token' } })
  assert.equal((await named(token({ tenant: 'a' }))).claims.sub, 'alice')
  assert.equal((await valued(token({ purpose: 'access_token' }))).claims.sub, 'alice')
  await refused('token_invalid', named(token()))
  for (const claims of [{}, { purpose: 'id' }, { purpose: ['access_token'] }, { purpose: null }, { purpose: 'access_token', sub: 'bob' }, { purpose: 'access_token', sub: undefined }]) {
    await refused('token_invalid', valued(token(claims)))
  }
  await refused('token_invalid', (await verifier({ jwks, requiredClaims: ['toString', 'constructor'] }))(token()))
})

test('T29: what stands in the header is no claim', async () => {
  const header = { cnf: { 'x5t#S256': 'x' }, scope: 'admin', exp: 1, sub: 'root' }
  const record = await verify(token({ cnf: undefined }, header))
  assert.deepEqual([record.requirement.kind, record.claims.sub, [...record.scopes.set]], ['none', 'alice', ['accounts']])
  for (const claim of ['exp', 'aud']) await refused('token_invalid', verify(token({ [claim]: undefined }, { [claim]: claimsWith()[claim] })))
  await refused('token_issuer_mismatch', verify(token({ iss: undefined }, { iss: 'https://login.example.com' })))
})

test('T18, 138: exactly three parts, each in the one spelling that its bytes have', async () => {
  const parts = token().split('.') as [string, string, string]
  const [header, payload, signature] = parts
  const spellings = (part: string): string[] => [
    ` ${part}`, `${part} `, `${part}\n`, `${part.slice(0, 5)}\n${part.slice(5)}`, `${part}=`, `${part}==`, `${part.slice(0, 4)}=${part.slice(4)}`, `${part}%3D`, `${part}\0`, `${part}!`,
    `${part.slice(0, 5)}*${part.slice(5)}`,
    `${part}A`, part.slice(0, -1), `${part}\u00a0`, `${part}\u0141`, Buffer.from(part, 'base64url').toString('base64'), `\t${part}`, `-${part}`
  ].filter((spelling) => spelling !== part)
  for (const index of [0, 1, 2]) {
    for (const spelling of spellings(parts[index] as string)) {
      await refused('token_invalid', verify(parts.map((part, at) => at === index ? spelling : part).join('.')))
    }
  }
  for (const text of [
    '', '.', '..', '...', '....', header, `${header}.${payload}`, `${header}.${payload}.`, `.${payload}.${signature}`, `.${header}.${payload}.${signature}`, `${header}.${payload}.${signature}.`,
    `${header}..${payload}.${signature}`, `${header}.${payload}.${signature}.${signature}`, `${header}.${payload}.${signature}..`, `${header}.${payload}.${signature}.${header}.${payload}`, `Bearer ${parts.join('.')}`,
    `${parts.join('.')},${parts.join('.')}`, encode(parts.join('.')), parts.join('\u3002'), parts.join('%2E')
  ]) await refused('token_invalid', verify(text))
})

test('T18: the last sign of a part has bits that decode to nothing: only zeros', async () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const [header, payload, signature] = token().split('.') as [string, string, string]
  const alike = [...alphabet].filter((sign) => sign !== signature.at(-1) && Buffer.from(signature.slice(0, -1) + sign, 'base64url').equals(Buffer.from(signature, 'base64url')))
  assert.equal(alike.length, 15)
  for (const sign of alike) await refused('token_invalid', verify(`${header}.${payload}.${signature.slice(0, -1)}${sign}`))
})
