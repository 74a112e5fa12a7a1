import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bearerToken } from '../lib/bearer.ts'
import { isRefusal } from '../lib/errors.ts'

const token = 'mF_9.B5f-4.1JqM~+/=='

/** The token, or the reason for the refusal. */
function read (authorization: string | undefined, url: string | undefined = '/'): string {
  try {
    return bearerToken(authorization, url)
  } catch (error) {
    if (!isRefusal(error)) throw error
    assert.equal(error.statusCode, error.reason === 'token_missing' ? 401 : 400)
    return error.reason
  }
}

const table: ReadonlyArray<readonly [id: string, result: string, fields: ReadonlyArray<string | undefined>]> = [
  ['B1: no Authorization', 'token_missing', [undefined]],
  ['B2: another scheme', 'token_missing', ['Basic dTpw', 'basic dTpw', 'Digest username="a", realm="b"', 'Negotiate x', 'DPoP abc', 'Basic', 'Basic ', 'x',
    'AWS4-HMAC-SHA256 a=b, c=d', '!#$%&\'*+-.^_`|~ x']],
  ['B3: no token, or no space before it', 'token_malformed', ['Bearer', 'bearer', 'BEARER', 'Bearer ', 'Bearer    ', `Bearer\t${token}`, `Bearer \t${token}`,
    `Bearer\u00a0${token}`, 'Bearer\t']],
  ['B4: more than a token', 'token_malformed', [`Bearer ${token} extra`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token},`, `Bearer ${token} `,
    `Bearer ,${token}`, `Bearer ${token}, Basic dTpw`, `Bearer ${token};`, `Bearer Bearer ${token}`, `Bearer ${token}\t`]],
  ['B6: the scheme in any case, and several spaces', token, [`Bearer ${token}`, `bearer ${token}`, `BEARER ${token}`, `bEaReR ${token}`, `Bearer   ${token}`]],
  ['B7: quoted, or as a parameter', 'token_malformed', [`Bearer "${token}"`, `Bearer token="${token}"`, `Bearer <${token}>`, `Bearer access_token=${token}`,
    `Bearer :${token}:`]],
  ['B8: signs that no token has', 'token_malformed', ['Bearer t\u00f6ken', 'Bearer \u00e9', 'Bearer a\r\nX: y', 'Bearer a\0', 'Bearer \0', 'Bearer a\u0130',
    'Bearer \ud83d\ude00', 'Bearer a%20b', 'Bearer a&b', 'Bearer {a}', 'Bearer [object Object]', 'Bearer a@b', 'Bearer a!', 'Bearer a*', 'Bearer a,b',
    'Bearer a=b', 'Bearer =a', 'Bearer =', 'Bearer ====', 'Bearer a==b', `Bearer ${token}\n`]],
  ['no scheme at all', 'token_malformed', ['', ' ', '"', ',', '(null)', ` Bearer ${token}`, '\u212aearer a', 'Be\u0000arer a', '{}', 'B\u00e9arer a']],
  ['B9: another scheme that begins like ours', 'token_missing', [`BearerX ${token}`, 'BearermF_9.B5f-4', 'Bearer-Token abc', 'Bearer2', 'bearers abc']],
  ['B13: a token that is too long', 'token_malformed', [`Bearer ${'a'.repeat(16_378)}`, `Bearer ${'a'.repeat(1_000_000)}`, `Bearer ${' '.repeat(1_000_000)}`,
    'a'.repeat(16_385), '='.repeat(1_000_000)]]
]

describe('the bearer token of a request', () => {
  for (const [id, result, fields] of table) {
    for (const authorization of fields) {
      const shown = authorization === undefined ? 'nothing' : authorization.length > 80 ? `${authorization.length} characters` : JSON.stringify(authorization)
      it(`${id}: ${shown}`, () => {
        assert.equal(read(authorization), result)
      })
    }
  }

  it('B13: the longest token that is read', () => {
    const longest = 'a'.repeat(16_377)
    assert.equal(read(`Bearer ${longest}`), longest)
  })

  it('B14: whatever has the form of a token is one', () => {
    for (const odd of ['null', 'undefined', 'NaN', '..', '.', '/', '~', '+', '-', '_', 'a', 'a=', 'a====', 'a.b', 'a.b.c', 'a.b.c.d', '../../etc', '__proto__', 'true', '0', 'bearer']) {
      assert.equal(read(`Bearer ${odd}`), odd)
    }
  })

  it('keeps the case of the token', () => {
    assert.equal(read('bearer aAzZ'), 'aAzZ')
  })
})

describe('B10: a token in the query', () => {
  const queries = ['/?access_token=a', '/a?b=c&access_token=a', '/?access_token=', '/?access_token=a&access_token=b', '/?access_token[]=a', '/a?access_token=a#b', '?access_token=a', 'http://host/a?access_token=a']

  it('alone: as if there were none', () => {
    for (const url of queries) assert.equal(read(undefined, url), 'token_missing', url)
    for (const url of queries) assert.equal(read('Basic dTpw', url), 'token_missing', url)
  })

  it('beside the header: two tokens', () => {
    for (const url of queries) assert.equal(read(`Bearer ${token}`, url), 'token_malformed', url)
  })

  it('what is none', () => {
    for (const url of ['/', '/?', '/access_token=a', '/?my_access_token=a', '/?access_tokens=a', '/?token=a', '/?a=access_token', '/?Access_Token=a', '', undefined]) {
      assert.equal(read(`Bearer ${token}`, url), token, url)
    }
  })
})

describe('whatever stands in Authorization', () => {
  const b64token = /^[A-Za-z0-9\-._~+/]+=*$/
  const anything = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'bBeEaArR \t=,;"Aa0-._~+/\0\n\u00e9') }),
    fc.tuple(fc.constantFrom('Bearer ', 'bearer  ', 'Bearer', 'Bearer\t', 'DPoP '), fc.string({ unit: 'binary' })).map(([scheme, rest]) => scheme + rest)
  )

  it('gives a b64token that stands in it, or a refusal, and nothing else', () => {
    fc.assert(fc.property(anything, fc.webPath(), (authorization, url) => {
      const result = read(authorization, url)
      if (result === 'token_missing' || result === 'token_malformed') return
      assert.match(result, b64token)
      assert.match(authorization, /^bearer +/i)
      assert.equal(authorization.slice('bearer'.length).trimStart(), result)
    }), { numRuns: 5000 })
  })

  it('every b64token is read back', () => {
    const alphabet = fc.constantFrom(...'ABCXYZabcxyz0189-._~+/')
    fc.assert(fc.property(fc.string({ unit: alphabet, minLength: 1 }), fc.string({ unit: fc.constant('=') }), fc.integer({ min: 1, max: 9 }), (text, padding, spaces) => {
      assert.equal(read(`Bearer${' '.repeat(spaces)}${text}${padding}`), text + padding)
    }))
  })

  it('a hostile one takes no longer than its length', () => {
    for (const unit of ['=', 'a', 'a=', ' ', 'Bearer ', 'a,', '~!']) {
      const started = performance.now()
      for (let i = 0; i < 20; i++) read(`Bearer ${unit.repeat(16_000 / unit.length)}!`)
      assert.ok(performance.now() - started < 1000, unit)
    }
  })
})
