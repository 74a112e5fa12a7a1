// S-35: a path that router and upstream could read in two ways goes nowhere.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAmbiguousPath } from '../../lib/upstream/path.ts'

const ambiguous = [
  '', 'a', '*', 'http://evil.example/any/x', 'https://evil.example', '//evil.example/x', '//admin', '/any//admin', '/any//', '///',
  '/any/../admin', '/any/..', '/..', '/.', '/./admin', '/any/.', '/any/%2e%2e/admin', '/any/%2E%2E/admin', '/any/.%2e/admin', '/any/%2e./admin', '/%2e', '/any/%2e/x',
  '/any/..%2fadmin', '/any%2fadmin', '/any%2Fadmin', '/any%5cadmin', '/any%5Cadmin', '/any\\admin', '/any\\..\\admin',
  '/any;/admin', '/any;x=1', '/any%3b/admin', '/any/..;/admin', '/any/%2e%2e;/admin', '/any#x', '/any%23x',
  '/any%00', '/any%0a', '/any%0D%0Ax', '/any%1f', '/any%7f', '/any\0', '/any\n', '/any\t', '/any\x7f',
  '/any/%252e%252e/admin', '/any/%252E./admin', '/any%252fadmin', '/any%255cadmin', '/any%2500', '/any%253b', '/any%2523', '/any/%25%32%65%25%32%65/admin',
  '/any/%2525%252e%252e/%252e%252e/admin', '/any/%25252e%25252e/admin', '/any/%25252e', '/any/.%25252e/admin', '/%25/%252e%252e/admin', '/%25zz/%252e%252e/admin', '/%25/any%253b', '/100%25/%252e%252e%252fadmin',
  '/%', '/%2', '/%zz', '/any%c0%af', '/any%c0%ae%c0%ae/', '/any%ff', '/%u002e%u002e/', '/any%e0%80%af'
]
for (const path of ambiguous) {
  test(`S-35, P4: ${JSON.stringify(path)} is ambiguous`, () => assert.equal(isAmbiguousPath(path), true))
}

const plain = [
  '/', '/any', '/any/', '/any/admin', '/a.b', '/a..b', '/.well-known/x', '/any/%20', '/any%20x', '/caf%C3%A9', '/%E2%82%AC', '/a+b', '/a,b', '/a:b', '/a@b', '/a=b',
  '/~user', "/(a)'*!$&", '/100%25', '/a%25b', '/a%26b%3Db', '/%41dmin', '/a%2Eb', '/a%3Fb'
]
for (const path of plain) {
  test(`S-35: ${JSON.stringify(path)} is not`, () => assert.equal(isAmbiguousPath(path), false))
}

const pieces = fc.constantFrom(
  '/', '/', '/', 'a', 'admin', '.', '..', ';', '\\', '%2e', '%2E', '%2f', '%5c', '%3b', '%23', '%00', '%25', '%252e', '%252f', '%255c', '%253b', '%2500', '%25%32%65', '%',
  '%C3%A9', '%c0%ae', '\u00e9', '%20', '%3f', '%41', '%zz', '\t', '#', '+'
)
const paths = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
  fc.webPath(),
  fc.string({ unit: fc.constantFrom('/', '.', '%', '2', '5', 'e', 'f', 'c', ';', 'a') }).map((text) => `/${text}`)
)

/** Decodes each escape by itself and leaves alone what is none, as lenient servers do. */
function decodeLeniently (text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

test('S-35: a path that is let through has the same segments before and after decoding and URL normalisation', () => {
  fc.assert(fc.property(paths, (path) => {
    if (isAmbiguousPath(path)) return
    const segments = path.split('/').map(decodeURIComponent)
    assert.deepEqual(decodeURIComponent(path).split('/'), segments)
    const url = new URL(`http://upstream.example${path}`)
    assert.deepEqual(url.pathname.split('/').map(decodeURIComponent), segments)
    assert.equal(url.host, 'upstream.example')
    assert.equal(url.hash, '')
  }), { numRuns: 20_000 })
})

test('S-35: a path that is let through keeps its segments for an upstream that decodes once or twice', () => {
  fc.assert(fc.property(paths, (path) => {
    if (isAmbiguousPath(path)) return
    let text = path
    for (let round = 0; round < 2; round++) {
      text = decodeLeniently(text)
      const segments = text.split('/')
      assert.equal(segments.length, path.split('/').length, text)
      assert.ok(!segments.some((segment) => segment === '.' || segment === '..'), text)
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(text, /[;\\#\x00-\x1f\x7f]/)
    }
  }), { numRuns: 20_000 })
})
