import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readConfirmation } from '../../lib/confirmation/confirmation.ts'

const der = randomBytes(500)
const digest = createHash('sha256').update(der).digest()
const thumbprint = digest.toString('base64url')
const other = createHash('sha256').update('another certificate').digest()
const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'

/** Whether a token with this `cnf` is good together with the certificate. */
function judge (cnf: unknown): 'none' | 'unfulfillable' | boolean {
  const requirement = readConfirmation({ cnf })
  return requirement.kind === 'proof' ? requirement.holds({ digest }) : requirement.kind
}

describe('cnf', () => {
  it('with the thumbprint of the certificate: holds, and for no other certificate', () => {
    const requirement = readConfirmation({ cnf: { 'x5t#S256': thumbprint } })
    assert.ok(requirement.kind === 'proof')
    assert.equal(requirement.holds({ digest }), true)
    assert.equal(requirement.holds({ digest: other }), false)
    assert.equal(requirement.holds({ digest }), true)
  })

  it('absent: the token is not bound', () => {
    for (const claims of [{}, { sub: 'a' }, { CNF: { 'x5t#S256': thumbprint } }]) assert.equal(readConfirmation(claims).kind, 'none')
  })

  it('only inherited: the token is not bound', () => {
    assert.equal(readConfirmation(Object.create({ cnf: { 'x5t#S256': thumbprint } }) as Record<string, unknown>).kind, 'none')
  })
})

describe('T25: an unusable cnf is never "unbound"', () => {
  const odd: ReadonlyArray<readonly [what: string, cnf: unknown]> = [
    ['null', null], ['undefined', undefined], ['a string', thumbprint], ['an empty string', ''], ['a number', 0], ['true', true], ['false', false],
    ['an empty list', []], ['a list of the right object', [{ 'x5t#S256': thumbprint }]],
    ['a list that has the right member', Object.assign([], { 'x5t#S256': thumbprint })], ['an empty object', {}],
    ['a member null', { 'x5t#S256': null }],
    ['a member undefined', { 'x5t#S256': undefined }],
    ['an empty member', { 'x5t#S256': '' }],
    ['a number for a member', { 'x5t#S256': 42 }],
    ['true for a member', { 'x5t#S256': true }],
    ['a list for a member', { 'x5t#S256': [thumbprint] }],
    ['an object for a member', { 'x5t#S256': { value: thumbprint } }],
    ['an object that says how long it is', { 'x5t#S256': { length: 43, toString: () => thumbprint } }],
    ['a list of 43', { 'x5t#S256': [...thumbprint] }],
    ['S-11: padding', { 'x5t#S256': `${thumbprint}=` }],
    ['S-11: a space for padding', { 'x5t#S256': `${thumbprint} ` }],
    ['S-11: one sign less', { 'x5t#S256': thumbprint.slice(0, -1) }],
    ['S-11: one sign more', { 'x5t#S256': `${thumbprint}A` }],
    ['S-11: hex', { 'x5t#S256': digest.toString('hex') }],
    ['S-11: upper-case hex', { 'x5t#S256': digest.toString('hex').toUpperCase() }],
    ['S-11: hex with colons', { 'x5t#S256': digest.toString('hex').replace(/..(?=.)/g, '$&:') }],
    ['S-11: base64url of the hex text', { 'x5t#S256': Buffer.from(digest.toString('hex')).toString('base64url') }],
    ['S-11: standard base64 with padding', { 'x5t#S256': digest.toString('base64') }],
    ['S-11: SHA-1', { 'x5t#S256': createHash('sha1').update(der).digest('base64url') }],
    ['S-11: SHA-512', { 'x5t#S256': createHash('sha512').update(der).digest('base64url') }],
    ['S-11: the bytes as text', { 'x5t#S256': digest.toString('latin1') }]
  ]
  for (const [what, cnf] of odd) {
    it(what, () => {
      assert.equal(judge(cnf), 'unfulfillable')
    })
  }

  it('an upper-cased thumbprint is another one', () => {
    assert.equal(judge({ 'x5t#S256': thumbprint.toUpperCase() }) === true, false)
    assert.equal(judge({ 'x5t#S256': thumbprint.toLowerCase() }) === true, false)
  })

  it('S-11: the thumbprint of the PEM text is another one', () => {
    const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
    assert.equal(judge({ 'x5t#S256': createHash('sha256').update(pem).digest('base64url') }), false)
  })
})

describe('70, S-11: a thumbprint has one spelling', () => {
  // Chosen so that the text has both signs in which the alphabets differ.
  const bytes = Buffer.alloc(32, 0xfb)
  const url = bytes.toString('base64url')
  const holds = (value: string): boolean => {
    const requirement = readConfirmation({ cnf: { 'x5t#S256': value } })
    return requirement.kind === 'proof' && requirement.holds({ digest: bytes })
  }

  it('standard base64 without padding is none', () => {
    assert.match(url, /-/)
    assert.equal(holds(url), true)
    assert.equal(holds(bytes.toString('base64').replace('=', '')), false)
    assert.equal(holds(url.replace('-', '+')), false)
  })

  it('stray bits in the last sign make none', () => {
    const last = url.at(-1) as string
    for (const sign of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ') {
      assert.equal(holds(url.slice(0, -1) + sign), sign === last, sign)
    }
  })

  it('no other string of any kind holds', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ minLength: 43, maxLength: 43 }), fc.string({ unit: 'binary', minLength: 43, maxLength: 43 })), (value) => {
      assert.equal(holds(value), value === url)
    }))
  })

  it('one changed sign does not hold', () => {
    fc.assert(fc.property(fc.nat(42), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (at, sign) => {
      const changed = url.slice(0, at) + sign + url.slice(at + 1)
      assert.equal(holds(changed), changed === url)
    }), { numRuns: 500 })
  })
})

describe('several members', () => {
  const bound = { 'x5t#S256': thumbprint }

  it('T26: jkt alone: cannot be proved here', () => {
    assert.equal(judge({ jkt }), 'unfulfillable')
  })

  it('T27: jkt beside a thumbprint that fits: every known member must hold', () => {
    assert.equal(judge({ ...bound, jkt }), 'unfulfillable')
    assert.equal(judge({ jkt, ...bound }), 'unfulfillable')
    for (const value of [null, '', 42, {}]) assert.equal(judge({ ...bound, jkt: value }), 'unfulfillable')
  })

  it('85, T28: unknown members alone: bound by something that cannot be checked', () => {
    for (const cnf of [{ jwk: { kty: 'EC' } }, { kid: 'a' }, { jku: 'https://a' }, { jwe: 'x' }, { 'x5t#S512': thumbprint }, { x5t: thumbprint }, { x5c: [] },
      { 'X5T#S256': thumbprint }, { 'x5t#s256': thumbprint }, { 'x5t#S256 ': thumbprint }, { x5t_S256: thumbprint }, { '': thumbprint }, { kid: 'a', osc: {} }]) {
      assert.equal(judge(cnf), 'unfulfillable', JSON.stringify(cnf))
    }
  })

  it('an unknown member beside a known one is left alone', () => {
    assert.equal(judge({ ...bound, kid: 'a' }), true)
    assert.equal(judge({ jwk: { kty: 'EC' }, ...bound }), true)
    assert.equal(judge({ kid: 'a', 'x5t#S256': other.toString('base64url') }), false)
    assert.equal(judge({ kid: 'a', 'x5t#S256': 'garbage' }), 'unfulfillable')
  })

  it('S-42: members of the prototype are none', () => {
    assert.equal(judge(JSON.parse('{"__proto__":{"x5t#S256":"garbage"}}')), 'unfulfillable')
    assert.equal(judge(JSON.parse(`{"__proto__":{"x5t#S256":"${thumbprint}"}}`)), 'unfulfillable')
    assert.equal(judge(JSON.parse('{"constructor":"a","toString":"b","hasOwnProperty":"c"}')), 'unfulfillable')
    assert.equal(judge(JSON.parse(`{"__proto__":{"jkt":"a"},"constructor":{},"x5t#S256":"${thumbprint}"}`)), true)
    assert.equal(judge(Object.create({ 'x5t#S256': thumbprint })), 'unfulfillable')
    assert.equal(judge(Object.assign(Object.create(null), bound)), true)
  })

  it('S-42: claims with a __proto__ of their own are still read by their own cnf', () => {
    assert.equal(readConfirmation(JSON.parse(`{"__proto__":{"cnf":{"x5t#S256":"${thumbprint}"}}}`)).kind, 'none')
    assert.equal(readConfirmation(JSON.parse('{"__proto__":{},"cnf":null}')).kind, 'unfulfillable')
  })
})

describe('whatever stands in cnf', () => {
  it('71: nothing but the thumbprint itself ever holds', () => {
    const value = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('x5t#S256', 'jkt', 'kid', 'jwk', 'x5t'), fc.oneof(fc.jsonValue(), fc.string(), fc.constant(jkt))))
    fc.assert(fc.property(value, (cnf) => {
      assert.notEqual(judge(cnf), true)
      assert.notEqual(judge(cnf), 'none')
    }), { numRuns: 1000 })
  })
})
