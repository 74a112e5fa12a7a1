import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isRefusal } from '../lib/errors.ts'
import { dropFields, foldName, isAlias } from '../lib/field-name.ts'
import { requestFields } from '../lib/request-fields.ts'

type Lines = ReadonlyArray<readonly [name: string, value: string]>

const names = { certificate: 'X-SSL-Cert', verdict: 'X-SSL-Verify' }
const malformed = 'token_malformed'
const ambiguous = 'certificate_ambiguous'

/** What is read out of these lines, or the reason for the refusal. */
function read (lines: Lines, watched: Parameters<typeof requestFields>[0] = names) {
  try {
    return requestFields(watched)(lines.flat())
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

const nothing = { authorization: undefined, certificate: undefined, verdict: undefined, chain: undefined, secret: undefined }

describe('the fields that the guard reads', () => {
  it('are found in any order and case, among others', () => {
    const expected = { ...nothing, authorization: 'Bearer t', certificate: 'c', verdict: 'SUCCESS' }
    const lines: Lines = [['Authorization', 'Bearer t'], ['X-SSL-Cert', 'c'], ['X-SSL-Verify', 'SUCCESS'], ['Host', 'a'], ['Accept', '*/*']]
    for (let turn = 0; turn < lines.length; turn++) {
      const turned = [...lines.slice(turn), ...lines.slice(0, turn)]
      assert.deepEqual(read(turned), expected)
      assert.deepEqual(read(turned.map(([name, value]) => [name.toLowerCase(), value])), expected)
      assert.deepEqual(read(turned.map(([name, value]) => [name.toUpperCase(), value])), expected)
    }
  })

  it('are undefined where there are none, and empty where they are empty', () => {
    assert.deepEqual(read([]), nothing)
    assert.deepEqual(read([['Authorization', ''], ['X-SSL-Cert', '']]), { ...nothing, authorization: '', certificate: '' })
  })

  it('are not looked for under names that are not configured', () => {
    const lines: Lines = [['X-SSL-Cert', 'c'], ['x_ssl_cert', 'd'], ['X-SSL-Verify', 'SUCCESS'], ['Connection', 'x-ssl-cert']]
    assert.deepEqual(read(lines, {}), nothing)
    assert.deepEqual(read(lines, { verdict: 'X-SSL-Verify' }), { ...nothing, verdict: 'SUCCESS' })
  })

  it('are told from names that only look like them', () => {
    for (const name of ['X-SSL-Cer', 'X-SSL-Certs', 'XX-SSL-Cert', 'X-SSL-Cart', 'X-SS1-Cert', 'Authorizatiom', 'Proxy-Authorization', 'X--SSL-Cert', 'XSSLCert', '', '-', 'toString', '__proto__']) {
      assert.deepEqual(read([[name, 'c']]), nothing, name)
    }
  })

  it('are read among hundreds of lines', () => {
    const many: Lines = Array.from({ length: 300 }, (_, index) => [`X-${'h'.repeat(index % 30)}-${index}`, 'v'] as const)
    assert.deepEqual(read([...many, ['X-SSL-Cert', 'c'], ...many]), { ...nothing, certificate: 'c' })
    assert.equal(read([...many, ['X-SSL-Cert', 'c'], ...many, ['x-ssl-cert', 'c'], ...many]), ambiguous)
  })

  it('are refused where Node may have left lines out: a repeated one could be among them', () => {
    const filler = (count: number): Lines => Array.from({ length: count }, () => ['a', ''] as const)
    assert.deepEqual(read([['X-SSL-Cert', 'c'], ...filler(998)]), { ...nothing, certificate: 'c' })
    assert.equal(read([['X-SSL-Cert', 'c'], ...filler(999)]), malformed)
  })
})

describe('S-5: a repeated field is refused', () => {
  for (const [name, reason] of [['Authorization', malformed], ['X-SSL-Cert', ambiguous], ['X-SSL-Verify', ambiguous]] as const) {
    it(name, () => {
      for (const second of [name, name.toLowerCase(), name.toUpperCase()]) {
        for (const value of ['v', 'other', '']) {
          assert.equal(read([[name, 'v'], [second, value]]), reason)
          assert.equal(read([[name, value], ['Host', 'a'], [second, 'v']]), reason)
          assert.equal(read([[name, ''], [second, value], [name, 'v']]), reason)
        }
      }
    })
  }

  it('one of each is no repeat', () => {
    assert.equal(typeof read([['Authorization', 'a'], ['X-SSL-Cert', 'a'], ['X-SSL-Verify', 'a']]), 'object')
  })
})

describe('S-2: an alias is refused, alone and beside the field', () => {
  for (const alias of ['x_ssl_cert', 'X_SSL_Cert', 'x-ssl_cert', 'x.ssl.cert', 'x~ssl!cert', 'X+SSL-CERT', 'x\'ssl`cert']) {
    it(alias, () => {
      assert.equal(read([[alias, 'c']]), ambiguous)
      assert.equal(read([[alias, 'c'], ['X-SSL-Cert', 'c']]), ambiguous)
      assert.equal(read([['X-SSL-Cert', 'c'], [alias, '']]), ambiguous)
    })
  }

  it('of the verdict, too', () => {
    assert.equal(read([['x_ssl_verify', 'SUCCESS']]), ambiguous)
  })

  it('a configured underscore is the field, and then the dash is the alias', () => {
    const watched = { certificate: 'ssl_client_cert' }
    assert.deepEqual(read([['SSL_Client_Cert', 'c']], watched), { ...nothing, certificate: 'c' })
    assert.equal(read([['SSL-Client-Cert', 'c']], watched), ambiguous)
  })

  it('isAlias says the same as foldName', () => {
    const character = fc.constantFrom(...'ab09-_.~!`{/:@[^')
    fc.assert(fc.property(fc.array(fc.tuple(character, character), { maxLength: 12 }), (pairs) => {
      const [one, other] = [pairs.map(([a]) => a).join(''), pairs.map(([, b]) => b).join('')]
      assert.equal(isAlias(one, other), foldName(one) === foldName(other))
    }), { numRuns: 2000 })
  })
})

describe('S-4: a field that Connection lists is refused, there or not', () => {
  for (const list of ['X-SSL-Cert', 'x-ssl-cert', 'close, x-ssl-cert', 'x-ssl-cert,close', 'keep-alive , X-SSL-CERT ,', ',x-ssl-cert', '\tx-ssl-cert', 'x_ssl_cert',
    'X-SSL-Verify', 'a,b,c,d,x.ssl.verify']) {
    it(JSON.stringify(list), () => {
      for (const name of ['Connection', 'connection', 'CONNECTION']) {
        assert.equal(read([[name, list], ['X-SSL-Cert', 'c']]), ambiguous)
        assert.equal(read([['X-SSL-Cert', 'c'], [name, list]]), ambiguous)
        assert.equal(read([[name, list]]), ambiguous)
        assert.equal(read([[name, 'close'], [name, list]]), ambiguous)
      }
    })
  }

  it('Authorization', () => {
    assert.equal(read([['Connection', 'close, authorization']]), malformed)
  })

  it('others may be listed', () => {
    for (const list of ['close', 'keep-alive', 'Keep-Alive', 'upgrade', 'Upgrade, HTTP2-Settings', 'x-ssl', 'x-ssl-certs', '', ',', 'TE']) {
      assert.equal(typeof read([['Connection', list], ['X-SSL-Cert', 'c']]), 'object', list)
    }
  })
})

describe('dropFields', () => {
  it('takes a header off under every alias, and no other', () => {
    const headers = { 'x-user': '1', x_user: '2', 'x.user': '3', 'x-users': '4', host: 'a' }
    dropFields(headers, (folded) => folded === 'x-user')
    assert.deepEqual(headers, { 'x-users': '4', host: 'a' })
  })
})
