import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Ajv } from 'ajv'
import { FileSchema } from '../../lib/gateway/file-schema.ts'
import { gatewayJsonSchema, type JsonSchema } from '../../lib/gateway/json-schema.ts'
import { GatewaySchema } from '../../lib/options.ts'
import { validateOptions } from '../../lib/validate.ts'
import { gatewayOptions } from './gateway-file.ts'

const schema = gatewayJsonSchema()
const check = new Ajv({ strict: true, allErrors: true }).compile(schema)
const ours = (value: unknown): boolean => Value.Check(FileSchema, value)

/** A file that says something of nearly everything. */
const full = gatewayOptions({
  $schema: './gateway.schema.json',
  server: {
    host: '127.0.0.1',
    port: 8443,
    unix: 'gateway.sock',
    tls: { certificate: { file: 'a.pem' }, key: { env: 'KEY', encoding: 'base64' }, ca: { file: 'ca.pem' }, clientCertificate: 'require', minVersion: 'TLSv1.3' },
    health: { liveness: '/live', readiness: '/ready', host: '127.0.0.1', port: 9000 },
    shutdown: { delay: 5, timeout: 10 },
    keepAliveTimeout: 1,
    requestTimeout: 1,
    maxHeaderSize: 8192
  },
  log: { level: 'warn', requests: false },
  certificate: {
    source: 'header',
    preset: 'envoy',
    format: 'xfcc',
    xfcc: { elements: 2, client: 'last' },
    trustedProxies: ['unix', { addresses: ['::1'], clientCertificate: { thumbprints: ['x'], subjects: [{ CN: ['a', 'b'] }] }, secretHeader: { name: 'x', value: { env: 'X' } } }],
    verified: { header: 'x-verified', value: 'yes' },
    chain: { header: 'x-chain', format: 'pem', leaf: 'first' },
    trust: { ca: 'pem', revocation: { mode: 'hard', crls: [{ file: 'a.crl' }], ocsp: { url: { aa: 'http://a' } } } },
    match: [{ subject: { CN: 'a' }, subjectAltName: { dns: ['a'] } }],
    secretName: { minLength: 32 },
    maxBytes: 1000
  },
  issuers: [
    {
      issuer: 'https://a.example',
      audience: ['b', 'c'],
      introspection: {
        endpoint: 'https://a.example/i',
        clientAuth: { method: 'private_key_jwt', clientId: 'a', key: { jwk: { file: 'key.jwk' }, kid: 'a' } },
        tokenTypeHint: false,
        parameters: { a: 'b' },
        headers: { 'x-a': 'b' }
      },
      discovery: { origins: ['https://b.example'] },
      tls: { ca: { file: 'a.pem' }, certificate: { file: 'b.pem' }, key: { file: 'c.pem' } }
    },
    {
      issuer: 'https://b.example',
      audience: false,
      jwt: {
        jwks: { keys: [{ kty: 'EC', x: 'a' }] },
        keys: [{ jwk: { kty: 'RSA', n: 'a' } }, { pkcs12: { file: 'a.p12', password: { env: 'P' }, alias: 'a' } }],
        algorithms: ['PS256'],
        typ: ['a'],
        requiredClaims: { a: 1, b: true },
        decryption: { keys: [{ pem: { file: 'a.pem' } }], keyManagementAlgorithms: ['RSA-OAEP-256'] }
      }
    }
  ],
  cache: { enabled: true, maxEntries: 5, negativeTtl: 0 },
  realm: 'api',
  probe: { secret: { env: 'PROBE' } },
  scopes: ['a'],
  routes: [
    {
      method: ['GET', 'POST'],
      url: ['/a', '/b/*'],
      claims: { type: 'object', required: ['a'] },
      cache: { maxTtl: 5 },
      failure: { 'certificate_*': { statusCode: 418, headers: { 'x-a': 'b' }, body: [1] }, '*': {} },
      upstream: {
        url: 'http://127.0.0.1:3000',
        path: '/v2/*',
        token: 'jwt',
        certificate: { header: 'x-cert', format: 'rfc9440' },
        headers: { 'x-user': { claim: ['a', 'b'], encoding: 'percent' }, 'x-env': { env: 'A' }, 'x-constant': 'c' },
        request: { method: 'PUT', path: '/login', form: { a: { claim: 'a' }, b: 'c', d: { file: 'e' } } },
        retries: 1
      }
    },
    { method: 'GET', url: '/c', cache: false, respond: { statusCode: 200, headers: { a: 'b' }, body: { a: [1, 'b'] } }, certificate: { preset: 'nginx', verified: false } }
  ]
})

test('ajv compiles it in strict mode, and it holds nothing of our own', () => {
  assert.deepEqual([check(gatewayOptions()), check(full), ours(gatewayOptions()), ours(full)], [true, true, true, true])
  const keywords = new Set<string>()
  const walk = (each: unknown, isSchema: boolean): void => {
    if (typeof each !== 'object' || each === null) return
    for (const [name, value] of Object.entries(each)) {
      if (isSchema && !Array.isArray(each)) keywords.add(name)
      if (name === 'default' || name === 'enum' || name === 'required') continue
      walk(value, !isSchema || Array.isArray(each) || !['properties', 'patternProperties', 'definitions'].includes(name))
    }
  }
  walk(schema, true)
  const known = ['$schema', '$ref', 'additionalProperties', 'allOf', 'anyOf', 'const', 'default', 'definitions', 'description', 'enum', 'items', 'maximum', 'minItems', 'minLength', 'minimum', 'not', 'pattern',
    'patternProperties', 'properties', 'required', 'title', 'type']
  assert.deepEqual([...keywords].sort(), known.sort())
})

test('editors complete names', () => {
  const { ServerOptions, CertificateOptions } = schema['definitions'] as Record<string, { properties: Record<string, { enum?: string[], description?: string, default?: unknown }> }>
  assert.deepEqual(ServerOptions?.properties['tls'] !== undefined && CertificateOptions?.properties['source'], {
    description: FileSchema.properties.certificate.properties.source.description, default: 'header', type: 'string', enum: ['header', 'tls']
  })
})

interface Walked { readonly properties?: Record<string, Walked>, readonly anyOf?: Walked[], readonly items?: Walked, readonly patternProperties?: Record<string, Walked>, readonly type?: string }

function pathsOf (each: Walked, resolve: (one: Walked) => Walked, path = ''): string[] {
  const one = resolve(each)
  return [
    // No file can hold a function.
    ...Object.entries(one.properties ?? {}).filter(([, { type }]) => type !== 'Function').flatMap(([name, member]) => [`${path}.${name}`, ...pathsOf(member, resolve, `${path}.${name}`)]),
    ...Object.values(one.patternProperties ?? {}).flatMap((member) => pathsOf(member, resolve, `${path}.*`)),
    ...(one.anyOf ?? []).flatMap((form) => pathsOf(form, resolve, path)),
    ...one.items === undefined ? [] : pathsOf(one.items, resolve, `${path}[]`)
  ]
}

test('every option is in it', () => {
  const resolve = (one: Walked & { $ref?: string, allOf?: Array<{ $ref: string }> }): Walked => {
    const name = (one.$ref ?? one.allOf?.[0]?.$ref)?.replace('#/definitions/', '')
    return name === undefined ? one : (schema['definitions'] as Record<string, Walked>)[name] as Walked
  }
  const all = new Set(pathsOf(GatewaySchema as TSchema as Walked, (one) => one))
  const here = new Set(pathsOf(schema as JsonSchema as Walked, resolve))
  assert.ok(all.size > 250, String(all.size))
  assert.deepEqual([...all].filter((path) => !here.has(path)), [])
  assert.deepEqual([...here].filter((path) => !all.has(path)).filter((path) => !/(jwk|jwks\.keys\[\])\.(d|p|q|dp|dq|qi|oth|k|priv)$/.test(path)), [])
})

const wrong: ReadonlyArray<readonly [changes: object, named: RegExp]> = [
  [{ routes: [] }, /^options\.routes: found a list of 0/],
  [{ routes: [{ url: 'a' }] }, /^options\.routes\[0\]\.url: found "a"/],
  [{ routes: [{ url: '/a', method: 'TRACE' }] }, /^options\.routes\[0\]\.method: found "TRACE"; allowed: one or a list of DELETE,/],
  [{ routes: [{ url: '/a', scope: ['a'] }] }, /^options\.routes\[0\]\.scope: unknown option/],
  [{ server: { port: 65_536 } }, /^options\.server\.port: found 65536; allowed: an integer from 0 to 65535$/],
  [{ server: { tls: { certificate: { file: 'a' } } } }, /^options\.server\.tls\.key: missing; allowed: \{ env \} or \{ file \}/],
  [{ server: { tls: { certificate: { file: 'a' }, key: 'hush' } } }, /^options\.server\.tls\.key: found a string of 4 characters/],
  [{ log: { level: 'loud' } }, /^options\.log\.level: found "loud"; allowed: "fatal", /],
  [{ issuers: [{ issuer: 'a' }] }, /^options\.issuers\[0\]\.audience: missing/],
  [{ issuers: [{ issuer: 'a', audience: 'b', jwt: { keys: [{ jwk: { kty: 'oct', k: 'hush' } }] } }] }, /^options\.issuers\[0\]\.jwt\.keys\[0\]\.jwk\.k: found a string of 4 characters/],
  [{ certificate: { format: 'der' } }, /^options\.certificate\.format: found "der"; allowed: (?!.*function)/]
]

for (const [changes, named] of wrong) {
  test(`refused by both, with the name of the option: ${JSON.stringify(changes)}`, () => {
    assert.equal(check(gatewayOptions(changes)), false)
    assert.throws(() => validateOptions(FileSchema, gatewayOptions(changes), 'options'), ({ message }: Error) => named.test(message) && !message.includes('hush'))
  })
}

/** Every value in there, by the members that lead to it. */
function placesIn (value: unknown, path: readonly string[] = []): Array<readonly string[]> {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name]))]
}

function replaced (value: unknown, [name, ...rest]: readonly string[], by: (found: unknown) => unknown): unknown {
  if (name === undefined) return by(value)
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<string, unknown>
  copy[name] = replaced(copy[name], rest, by)
  return copy
}

const others: Array<(found: unknown) => unknown> = [
  () => null, () => true, () => false, () => -1, () => 1.5, () => 99_999_999_999, () => '', () => 'x', () => '/x', () => 'a b', () => [], () => [[]], () => ['x', 'x'], () => ({}), () => ({ env: 'X' }),
  () => ({ file: 'x', more: 1 }), () => ({ kty: 'oct', k: 'hush' }), (found) => ({ ...found as object, unknown: 1 }), (found) => [found], () => undefined
]

test('whatever stands in the place of an option, both say the same of it', () => {
  const verdicts = { right: 0, wrong: 0 }
  for (const place of placesIn(full)) {
    for (const [index, other] of others.entries()) {
      const changed = JSON.parse(JSON.stringify(replaced(full, place, other) ?? null)) as unknown
      const verdict = check(changed)
      assert.equal(ours(changed), verdict, `${place.join('.')} by ${index}`)
      verdicts[verdict ? 'right' : 'wrong']++
    }
  }
  assert.ok(verdicts.right > 200 && verdicts.wrong > 2000, JSON.stringify(verdicts))
})
