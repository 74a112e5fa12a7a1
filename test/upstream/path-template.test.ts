// S-35: the path that an upstream is asked for never leaves what the template says, and stands for what the router saw.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import Fastify from 'fastify'
import { compilePath } from '../../lib/upstream/path-template.ts'
import { isAmbiguousPath } from '../../lib/upstream/path.ts'

/** What a request for this path becomes; null where it is refused. */
function rewritten (template: string, pattern: string, requested: string): string | null {
  const pathOf = compilePath(template, pattern, 'upstream.path')
  return isAmbiguousPath(requested) ? null : pathOf(requested)
}

const examples: Array<[template: string, pattern: string, requested: string, path: string | null]> = [
  ['/v2/*', '/api/*', '/api/x/y', '/v2/x/y'],
  ['/v2/*', '/api/*', '/api/', '/v2/'],
  ['/v2/*', '/api/*', '/api/x/', '/v2/x/'],
  ['/v2/*', '/api/*', '/api/a%20b%25c', '/v2/a%20b%25c'],
  ['/v2/*', '/api/*', '/api', null],
  ['/v2/*', '/api/*', '/apix', null],
  ['/v2/*', '/api/*', '/other/x', null],
  ['/*', '/api/*', '/api/x', '/x'],
  ['/*', '/api/*', '/api/', '/'],
  ['/api/*', '/*', '/', '/api/'],
  ['/api/*', '/*', '/x', '/api/x'],
  ['/people/:id', '/users/:id', '/users/4711', '/people/4711'],
  ['/people/:id', '/users/:id', '/users/%C3%A9', '/people/%C3%A9'],
  ['/people/:id', '/users/:id', '/users/:id', '/people/:id'],
  ['/people/:id', '/users/:id', '/users/', null],
  ['/people/:id', '/users/:id', '/users/1/2', null],
  ['/people/:id', '/users/:id', '/USERS/Anna', '/people/Anna'],
  ['/:b/of/:a', '/:a/:b', '/x/y', '/y/of/x'],
  ['/:a/:a', '/x/:a', '/x/1', '/1/1'],
  ['/:a/rest/*', '/:a/*', '/x/y/z', '/x/rest/y/z'],
  ['/fixed', '/users/:id', '/users/1', '/fixed'],
  ['/fixed/', '/', '/', '/fixed/'],
  ['/v1/users::batch', '/users', '/users', '/v1/users:batch'],
  ['/::id', '/x/:id', '/x/1', '/:id'],
  ['/x', '/caf\u00e9', '/caf%C3%A9', '/x'],
  ['/x', '/a::b', '/a:b', '/x'],
  ['/x/:id', '/a/:id/', '/a/1', '/x/1'],
  ['/x/:id', '/a/:id', '/a/1/', '/x/1'],
  ['/fixed', '', '/anything', '/fixed'],
  ['/v2/*', '', '/anything', null],
  ['/v2/:id', '', '/anything', null]
]
for (const [template, pattern, requested, path] of examples) {
  test(`${template} on ${pattern === '' ? 'no route' : pattern}: ${requested} becomes ${path ?? 'nothing'}`, () => assert.equal(rewritten(template, pattern, requested), path))
}

const escaping = [
  '/api/../x', '/api/..', '/api/.', '/api/./x', '/api/%2e%2e/x', '/api/%2E%2e', '/api/.%2e/x', '/api/%252e%252e/x', '/api/..%2fx', '/api/%2e%2e%2fx', '/api/%252e%252e%252fx',
  '/api/x%2f..%2f..%2fy', '/api//x', '/api//evil.example/x', '//evil.example/api/x', '/api/x;/../y', '/api/..;/x', '/api/\\..\\x', '/api/%5c..%5cx', '/api/x#y', '/api/x%23y', '/api/x%2523y',
  '/api/x%3fy', '/api/x%3Fy', '/api/x%253fy', '/api/x%253Fy', 'http://evil.example/api/x', 'https://evil.example', '*', '', 'api/x', '/api', '/apix', '/api%2fx', '/api%2e', '/api/%00', '/api/%zz', '/api/%c0%ae%c0%ae/'
]
for (const requested of escaping) {
  test(`S-35: /api/* to /v2/*: ${JSON.stringify(requested)} goes nowhere`, () => assert.equal(rewritten('/v2/*', '/api/*', requested), null))
}

test('S-35: an encoded question mark cannot cut off what stands behind a parameter', () => {
  for (const id of ['x%3f', 'x%3F', '%253fx']) assert.equal(rewritten('/v2/:id/public', '/api/:id', `/api/${id}`), null)
  assert.equal(rewritten('/v2/public', '/api/:id', '/api/x%3f'), '/v2/public')
})

const wrong: Array<[template: string, pattern: string, message: RegExp]> = [
  ['/v2/:other', '/api/:id', /^upstream\.path: found :other, which the URL of the route, \/api\/:id, does not have; allowed: :id$/],
  ['/v2/:id', '/api/x', /found :id, which .*; allowed: plain segments$/],
  ['/v2/:ID', '/api/:id', /found :ID/],
  ['/v2/:toString', '/api/:id', /found :toString/],
  ['/v2/:__proto__', '/api/:id', /found :__proto__/],
  ['/v2/*', '/api/:id', /found \*, which .*; allowed: :id$/],
  ['/v2/*', '/api/x', /found \*/],
  ['/v2', '/api/*', /found no \* at its end; allowed: as the URL of the route has one/],
  ['/v2/:id', '/api/:id/*', /found no \* at its end/],
  ['/v2/x', '/api/:id(\\d+)', /found on a route with the URL \/api\/:id\(\\d\+\); allowed: /],
  ['/v2/:id', '/api/:id(^[0-9/]+$)', /found on a route with the URL/],
  ['/v2/x', '/api/:a-:b', /found on a route with the URL/],
  ['/v2/x', '/api/:a.:b', /found on a route with the URL/],
  ['/v2/x', '/api/:a.json', /found on a route with the URL/],
  ['/v2/x', '/api/x:a', /found on a route with the URL/],
  ['/v2/x', '/api/:::a', /found on a route with the URL/],
  ['/v2/:a', '/api/:a?', /found on a route with the URL/],
  ['/v2/:a', '/:a/:a', /found on a route with the URL/],
  ['/v2/*', '/api*', /found on a route with the URL/],
  ['/v2/*', '*', /found on a route with the URL/],
  ['/v2/x', '/a//b', /found on a route with the URL/],
  ['/v2/*/x', '/api/*', /^upstream\.path: found "\/v2\/\*\/x"; allowed: a path of plain segments/],
  ['/v2*', '/api/*', /found "\/v2\*"/],
  ['/v2/x-:id', '/api/:id', /found "\/v2\/x-:id"/],
  ['/v2/:id.json', '/api/:id', /found "\/v2\/:id\.json"/],
  ['/v2/:a:b', '/:a/:b', /found "\/v2\/:a:b"/],
  ['/v2/:id?', '/api/:id', /found "\/v2\/:id\?"/],
  ['/v2/:', '/api/:id', /found "\/v2\/:"/],
  ['/v2?x', '/api', /found a path with a query or a fragment/],
  ['/v2#x', '/api', /found a path with a query or a fragment/],
  ['/../v2', '/api', /found an ambiguous path/],
  ['/v2/%2e%2e', '/api', /found an ambiguous path/],
  ['/v2/%2fx', '/api', /found an ambiguous path/],
  ['//v2', '/api', /found an ambiguous path/],
  ['/v2//:id', '/api/:id', /found an ambiguous path/],
  ['/v2;x', '/api', /found an ambiguous path/],
  ['/v2\\x', '/api', /found an ambiguous path/],
  ['/v2/%zz', '/api', /found an ambiguous path/],
  ['/v2/a b', '/api', /found signs that must be percent-encoded/],
  ['/caf\u00e9', '/api', /found signs that must be percent-encoded/]
]
for (const [template, pattern, message] of wrong) {
  test(`${template} on ${pattern} stops the boot`, () => {
    assert.throws(() => compilePath(template, pattern, 'upstream.path'), (error: Error & { code?: string }) => error.code === 'FST_BOUND_TOKEN_OPTIONS' && message.test(error.message))
  })
}

const pieces = fc.constantFrom(
  '/', '/', '/', 'api', 'v2', 'a', 'x', '.', '..', '...', ';', '\\', '?', '%3f', '%253f', '%2e', '%2E', '%2f', '%2F', '%5c', '%3b', '%23', '%00', '%25', '%252e', '%252f', '%255c', '%25252e', '%25%32%65',
  '%', '%C3%A9', '%c0%ae', '\u00e9', '\u0130', '%C4%B0', '%20', ' ', '%41', '%zz', '\t', '#', '+', ':', ':id', '*', '@', '//evil.example', 'http://evil.example/'
)
const paths = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => `/api/${parts.join('')}`),
  fc.array(pieces, { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
  fc.webPath({ size: 'medium' }).map((path) => `/api${path}`),
  fc.string({ unit: 'binary' }).map((text) => `/api/${text}`),
  fc.string({ unit: fc.constantFrom('/', '.', '%', '2', '5', 'e', 'f', 'c', '3', ';', 'a') }).map((text) => `/api/${text}`)
)

/** RFC 3986 section 5.2.4, to the letter. */
function removeDotSegments (path: string): string {
  let input = path
  let output = ''
  const steps: Array<[RegExp, string | null]> = [[/^\.\.?\//, ''], [/^\/\.(?:\/|$)/, '/'], [/^\/\.\.(?:\/|$)/, null], [/^\.\.?$/, '']]
  while (input !== '') {
    const step = steps.find(([pattern]) => pattern.test(input))
    if (step === undefined) {
      const [segment = input] = /^\/?[^/]*/.exec(input) ?? []
      output += segment
      input = input.slice(segment.length)
    } else if (step[1] === null) {
      input = input.replace(step[0], '/')
      output = output.replace(/\/?[^/]*$/, '')
    } else input = input.replace(step[0], step[1])
  }
  return output
}

/** Decodes each escape by itself and leaves alone what is none, as lenient servers do. */
function decodeLeniently (text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

const origin = 'http://upstream.example:8080'

/** What an upstream may take a path for: as it is, decoded once or twice, each after either way to normalise it. */
function readings (path: string): string[] {
  const once = decodeLeniently(path)
  return [path, once, decodeLeniently(once)].flatMap((text) => {
    const url = new URL(origin + text)
    assert.equal(url.origin, origin)
    return [text, removeDotSegments(text), url.pathname, decodeLeniently(url.pathname)]
  })
}

test('removing dot segments, as RFC 3986 has it', () => {
  assert.equal(removeDotSegments('/a/b/c/./../../g'), '/a/g')
  assert.equal(removeDotSegments('mid/content=5/../6'), 'mid/6')
  assert.equal(removeDotSegments('/a/..'), '/')
  assert.equal(removeDotSegments('/../x'), '/x')
})

const templates: Array<[template: string, pattern: string, prefix: string, suffix: string]> = [
  ['/v2/*', '/api/*', '/v2/', ''],
  ['/v2/deep/:id', '/api/:id', '/v2/deep/', ''],
  ['/v2/:id/public', '/api/:id', '/v2/', '/public'],
  ['/v2/:a/between/:b/public', '/:a/:b', '/v2/', '/public']
]
for (const [template, pattern, prefix, suffix] of templates) {
  test(`S-35: whatever a client asks for, ${template} on ${pattern} stays below ${prefix} and ends with ${suffix}`, () => {
    const pathOf = compilePath(template, pattern, 'upstream.path')
    let through = 0
    fc.assert(fc.property(paths, (requested) => {
      const [path = ''] = requested.split('?')
      if (isAmbiguousPath(path)) return
      const asked = pathOf(path)
      if (asked === null) return
      through++
      for (const reading of readings(asked)) {
        assert.ok(reading.startsWith(prefix) && reading.endsWith(suffix), `${reading} of ${asked}`)
        assert.doesNotMatch(reading, /[;\\#?]/)
        assert.equal(reading.split('/').length, asked.split('/').length, reading)
      }
    }), { numRuns: 20_000 })
    assert.ok(through > 100, `only ${through} got through`)
  })
}

const routers = [
  { routerOptions: {} },
  { routerOptions: { ignoreTrailingSlash: true } },
  { routerOptions: { ignoreDuplicateSlashes: true } },
  { routerOptions: { caseSensitive: false } },
  { routerOptions: { useSemicolonDelimiter: true } },
  { routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false, useSemicolonDelimiter: true } }
]
for (const options of routers) {
  test(`S-35: what the router takes for the parameters is what goes upstream, with ${JSON.stringify(options.routerOptions)}`, async (t) => {
    const app = Fastify({ ...options, routerOptions: { maxParamLength: 10_000, ...options.routerOptions } })
    t.after(() => app.close())
    let routed: { pattern: string, params: Record<string, string>, url: string } | null = null
    const patterns = [['/api/:id', '/v2/:id'], ['/api/:id/*', '/v2/:id/*'], ['/other/*', '/*']] as const
    const compiled = new Map(patterns.map(([pattern, template]) => [pattern as string, compilePath(template, pattern, 'upstream.path')]))
    for (const [pattern] of patterns) {
      app.get(pattern, async (request) => {
        routed = { pattern, params: request.params as Record<string, string>, url: request.raw.url ?? '' }
        return ''
      })
    }
    await app.ready()
    let through = 0
    await fc.assert(fc.asyncProperty(paths, async (url) => {
      routed = null
      app.routing({ method: 'GET', url, headers: {}, httpVersion: '1.1', socket: {}, on () {}, once () {} } as never,
        { on () {}, once () {}, setHeader () {}, getHeader () {}, hasHeader () {}, removeHeader () {}, writeHead () {}, write () {}, end () {}, headersSent: false } as never)
      if (routed === null) return
      const { pattern, params } = routed as { pattern: string, params: Record<string, string> }
      const [path = ''] = url.split('?')
      if (isAmbiguousPath(path)) return
      const asked = compiled.get(pattern)?.(path) ?? null
      if (asked === null) return
      through++
      const values = asked.split('/').slice(1).map(decodeURIComponent)
      const { id, '*': rest } = params
      const expected = pattern === '/other/*' ? rest : `v2/${id}${rest === undefined ? '' : `/${rest}`}`
      // A router that ignores the slash at the end takes it off the rest.
      assert.ok([expected, `${expected}/`].includes(values.join('/')), `${values.join('/')} is not ${expected}`)
    }), { numRuns: 5000 })
    assert.ok(through > 50, `only ${through} got through`)
  })
}
