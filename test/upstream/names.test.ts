// Which header names an upstream's options may set.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namesSetBy } from '../../lib/upstream/rewrite.ts'

const url = 'http://upstream.example'

test('the names that are set, folded', () => {
  assert.deepEqual(namesSetBy({ url }, 'u'), [])
  assert.deepEqual(namesSetBy({ url, headers: { 'X-Auth_Subject': 'a', 'x.tenant': { claim: 't' } }, certificate: { header: 'X-Thumb' } }, 'u'), ['x-auth-subject', 'x-tenant', 'x-thumb'])
})

for (const name of [
  'Authorization', 'Host', 'Content-Length', 'Content-Type', 'Transfer-Encoding', 'Connection', 'Keep-Alive', 'Proxy-Connection', 'Proxy-Authorization', 'Proxy-Authenticate', 'TE', 'Trailer',
  'Upgrade', 'Expect', 'HTTP2-Settings'
]) {
  test(`${name} has a meaning of its own: the boot stops`, () => {
    const expected = { code: 'FST_BOUND_TOKEN_OPTIONS', message: `u: found the header "${name}", which has a meaning of its own; allowed: other names` }
    assert.throws(() => namesSetBy({ url, headers: { [name]: 'x' } }, 'u'), expected)
    assert.throws(() => namesSetBy({ url, certificate: { header: name } }, 'u'), expected)
  })
}

for (const name of ['Content_Length', 'content.type', 'Transfer_Encoding', 'Proxy_Authorization']) {
  test(`S-2: ${name} would drop the client's own ${name.replace(/[_.]/, '-')} on every route: the boot stops`, () => {
    assert.throws(() => namesSetBy({ url, headers: { [name]: 'x' } }, 'u'), { code: 'FST_BOUND_TOKEN_OPTIONS' })
  })
}

for (const [one, other] of [['X-A', 'x-a'], ['x-a', 'x_a'], ['x-a', 'X.A']] as const) {
  test(`${one} and ${other} are one header: the boot stops`, () => {
    const expected = { code: 'FST_BOUND_TOKEN_OPTIONS', message: 'u: found one header twice, in headers and certificate; allowed: each once' }
    assert.throws(() => namesSetBy({ url, headers: { [one]: 'x', [other]: 'y' } }, 'u'), expected)
    assert.throws(() => namesSetBy({ url, headers: { [one]: 'x' }, certificate: { header: other } }, 'u'), expected)
  })
}
