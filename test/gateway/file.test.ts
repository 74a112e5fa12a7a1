import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readGatewayFile } from '../../lib/gateway/file.ts'
import { fileOf, folderOf, gatewayOptions } from './gateway-file.ts'

const yaml = `
# a gateway
certificate: { preset: nginx, trustedProxies: &proxies ["127.0.0.1"] }
issuers:
  - issuer: https://login.example.test
    audience: https://api.example.test
routes:
  - url: /health
    public: true
    respond: { statusCode: 200, body: "ok" }
`

test('JSON with comments, trailing commas and a byte order mark', async (t) => {
  const text = `\uFEFF// a gateway\n${JSON.stringify(gatewayOptions()).replace(/\}$/, ', /* the end */ }')}`
  for (const name of ['gateway.json', 'gateway.jsonc', 'GATEWAY.JSON']) assert.deepEqual({ ...(await readGatewayFile(fileOf(t, name, text))).options }, gatewayOptions())
})

test('YAML', async (t) => {
  for (const name of ['gateway.yaml', 'gateway.yml']) {
    const { options } = await readGatewayFile(fileOf(t, name, `\uFEFF${yaml}`))
    assert.deepEqual([options.certificate.trustedProxies, options.routes[0]?.public, options.routes[0]?.respond?.statusCode], [['127.0.0.1'], true, 200])
  }
})

test('a few aliases stand for what they name', async (t) => {
  const { options } = await readGatewayFile(fileOf(t, 'gateway.yaml', `${yaml}  - { url: /other, certificate: { trustedProxies: *proxies } }\n`))
  assert.deepEqual(options.routes[1]?.certificate?.trustedProxies, ['127.0.0.1'])
})

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const laughs = 'a: &a [1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d]\n'

const wrong: ReadonlyArray<readonly [name: string, content: string | Uint8Array, message: RegExp]> = [
  ['gateway.toml', '', /^gateway\.toml: found a file of another kind; allowed: \.json, \.jsonc, \.yaml, \.yml$/],
  ['gateway.json', '', /^gateway\.json:1:1: found wrong JSON \(value expected\)/],
  ['gateway.json', '{ "a": 1\n  "b": 2 }', /^gateway\.json:2:3: found wrong JSON \(comma expected\); allowed: JSON, with comments and trailing commas$/],
  ['gateway.json', '{} {}', /^gateway\.json:1:4: found wrong JSON \(end of file expected\)/],
  ['gateway.json', '{ "log": {\n "level": "info",\n "level": "warn" } }', /^gateway\.json:3:2: found a member a second time; allowed: each name once$/],
  ['gateway.json', '{ "log": { "__proto__": {} } }', /^gateway\.json:1:12: found a member called __proto__/],
  ['gateway.json', '{ "\\u005f_proto__": {} }', /^gateway\.json:1:3: found a member called __proto__/],
  ['gateway.json', nested(100_000), /^gateway\.json: found lists and objects nested too deeply/],
  ['gateway.json', `[${'1,'.repeat(100_001)}]`, /found more than 100000 values/],
  ['gateway.json', ' '.repeat(1_048_577), /^gateway\.json: found more than 1048576 bytes; allowed: up to 1 MiB$/],
  ['gateway.json', Uint8Array.of(0x7b, 0xff, 0x7d), /^gateway\.json: found no UTF-8/],
  ['gateway.json', '[]', /^gateway\.json: found a list of 0; allowed: an object with/],
  ['gateway.json', JSON.stringify(gatewayOptions({ routs: [] }), null, 2), /^gateway\.json:\d+:3: routs: unknown option; allowed: \$schema, server, log,/],
  ['gateway.yaml', '', /^gateway\.yaml:1:1: found nothing/],
  ['gateway.yaml', 'a: 1\nb: [', /^gateway\.yaml:2:\d+: found wrong YAML \(/],
  ['gateway.yaml', 'a: 1\na: 2', /^gateway\.yaml:2:1: found wrong YAML \(duplicate key\)/],
  ['gateway.yaml', '__proto__: 1', /^gateway\.yaml:1:1: found a member called __proto__/],
  ['gateway.yaml', 'a: !mine 1', /^gateway\.yaml:1:4: found wrong YAML \(tag resolve failed\)/],
  ['gateway.yaml', 'a: !!binary "aGV5"', /^gateway\.yaml:1:4: found wrong YAML \(tag resolve failed\)/],
  ['gateway.yaml', 'a: &a { x: 1 }\nb:\n  <<: *a', /^gateway\.yaml:3:3: found a name that is no string, or a merge key/],
  ['gateway.yaml', '? [a]\n: 1', /^gateway\.yaml:1:3: found wrong YAML \(non string key\)/],
  ['gateway.yaml', 'a: 1\n---\nb: 2', /^gateway\.yaml:2:1: found wrong YAML \(multiple docs\)/],
  ['gateway.yaml', '%YAML 1.1\n---\na: yes', /^gateway\.yaml:1:1: found another version of YAML/],
  ['gateway.yaml', 'a: &a [*a]', /^gateway\.yaml:1:8: found an alias for what it stands in/],
  ['gateway.yaml', 'a: *nobody', /^gateway\.yaml:1:4: found an alias for what is not there; allowed: a text that begins with \* in quotes$/],
  ['gateway.yaml', 'a:\n  *: {}', /^gateway\.yaml:2:4: found wrong YAML \(text that begins with \*, and must stand in quotes\)/],
  ['gateway.yaml', 'a:\n  - b: 1\n   c: 2', /^gateway\.yaml:3:1: found wrong YAML \(missing character, or another indentation than that of the lines before\)/],
  ['gateway.yaml', 'a: 1\n  b: 2', /^gateway\.yaml:1:4: found wrong YAML \(second colon in a line, or deeper indentation below a value\)/],
  ['gateway.yaml', 'a:\n  b:1\n  c: 2', /^gateway\.yaml:2:3: found wrong YAML \(name without a colon and a space behind it\)/],
  ['gateway.yaml', laughs, /found more than 100 aliases/],
  ['gateway.yaml', `a: ${nested(5000)}`, /^gateway\.yaml/],
  ['gateway.yaml', yaml.replace('url: /health', 'url: health'), /^gateway\.yaml:8:5: routes\[0\]\.url: found "health"; allowed: a path that begins with \//]
]

for (const [name, content, message] of wrong) {
  test(`refused: ${name} with ${typeof content === 'string' ? JSON.stringify(content.slice(0, 40)) : 'bytes'}`, async (t) => {
    await assert.rejects(readGatewayFile(fileOf(t, name, content)), (error: Error & { code: string }) => {
      assert.match(error.message, message)
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      return true
    })
  })
}

test('no file, and a directory', async (t) => {
  const folder = folderOf(t)
  mkdirSync(join(folder, 'folder.json'))
  await assert.rejects(readGatewayFile(join(folder, 'none.json')), { message: 'none.json: cannot read it (ENOENT); allowed: a file' })
  await assert.rejects(readGatewayFile(join(folder, 'folder.json')), { message: 'folder.json: found a directory; allowed: a file' })
})

const secret = 'hush-hush-hush'
const [issuer] = gatewayOptions()['issuers'] as [{ issuer: string, audience: string, introspection: { endpoint: string, clientAuth: object } }]
const withIssuer = (changes: object): object => gatewayOptions({ issuers: [{ issuer: issuer.issuer, audience: issuer.audience, ...changes }] })
const authenticated = (clientAuth: object): object => withIssuer({ introspection: { endpoint: 'https://login.example.test/introspect', clientAuth } })

const secrets: ReadonlyArray<readonly [options: object, path: string]> = [
  [authenticated({ method: 'client_secret_basic', clientId: 'api', clientSecret: secret }), 'issuers[0].introspection.clientAuth.clientSecret'],
  [authenticated({ method: 'bearer', token: secret }), 'issuers[0].introspection.clientAuth.token'],
  [authenticated({ method: 'private_key_jwt', clientId: 'api', key: { pem: secret } }), 'issuers[0].introspection.clientAuth.key.pem'],
  [authenticated({ method: 'private_key_jwt', clientId: 'api', key: { jwk: { kty: 'EC', d: secret } } }), 'issuers[0].introspection.clientAuth.key.jwk.d'],
  [withIssuer({ jwt: { keys: [{ jwk: { kty: 'oct', k: secret } }] } }), 'issuers[0].jwt.keys[0].jwk.k'],
  [withIssuer({ jwt: { keys: [{ pkcs12: { file: 'store.p12', password: secret } }] } }), 'issuers[0].jwt.keys[0].pkcs12.password'],
  [withIssuer({ jwt: { jwks: { keys: [{ kty: 'RSA', n: 'a', e: 'AQAB', qi: secret }] } } }), 'issuers[0].jwt.jwks.keys[0].qi'],
  [withIssuer({ tls: { certificate: secret, key: { file: 'key.pem' } } }), 'issuers[0].tls.certificate'],
  [gatewayOptions({ server: { tls: { certificate: { file: 'tls.pem' }, key: secret } } }), 'server.tls.key'],
  [gatewayOptions({ probe: { secret } }), 'probe.secret'],
  [gatewayOptions({ certificate: { preset: 'nginx', trustedProxies: [{ secretHeader: { name: 'x-proxy', value: secret } }] } }), 'certificate.trustedProxies[0].secretHeader.value']
]

for (const [options, path] of secrets) {
  test(`a secret in plain text is refused, and not shown: ${path}`, async (t) => {
    await assert.rejects(readGatewayFile(fileOf(t, 'gateway.json', options)), ({ message }: Error) => {
      assert.match(message, /^gateway\.json:\d+:\d+: /)
      assert.ok(message.includes(`: ${path}: found a string of ${secret.length} characters; allowed: `), message)
      assert.match(message, /\{ env \} (or|and) \{ file \}/)
      assert.ok(!message.includes(secret))
      return true
    })
  })
}

test('public keys may stand in the file', async (t) => {
  const jwk = { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', use: 'sig', kid: 'one', x5c: ['c'] }
  await readGatewayFile(fileOf(t, 'gateway.json', withIssuer({ jwt: { jwks: { keys: [jwk] }, keys: [{ jwk }] } })))
})

test('what later turns out to be wrong gets its line, too', async (t) => {
  const { locate } = await readGatewayFile(fileOf(t, 'gateway.json', gatewayOptions()))
  const fault = (message: string): Error => Object.assign(new Error(message), { code: 'FST_BOUND_TOKEN_OPTIONS' })
  assert.equal(locate(fault('options.issuers[0].introspection.endpoint: found nobody')), 'gateway.json:13:9: issuers[0].introspection.endpoint: found nobody')
  assert.equal(locate(fault('options.issuers[0].jwt.keys: missing')), 'gateway.json:9:5: issuers[0].jwt.keys: missing')
  assert.equal(locate(fault('something else: happened\nat some place')), 'gateway.json: something else: happened')
  assert.equal(locate(new SyntaxError('Unexpected token: hush-hush')), 'gateway.json: found something that cannot be used (SyntaxError); allowed: what the documentation says')
})
