// What stops the boot: each error names the option, what was found and what is allowed, and no secret.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IssuerOptions, Secret } from '../../lib/options.ts'
import { compiled } from './resolver-at.ts'

type Introspection = NonNullable<IssuerOptions['introspection']>
const secret = 'vR7-client-secret-9Qx'
const path = 'options.issuers[0]'

function issuer (introspection: Partial<Introspection> = {}, more: Partial<IssuerOptions> = {}): IssuerOptions {
  return {
    issuer: 'https://login.example.com',
    audience: 'rs',
    introspection: {
      endpoint: 'https://login.example.com/introspect',
      clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: secret },
      ...introspection
    },
    ...more
  }
}

function stops (name: string, options: IssuerOptions, message: RegExp): void {
  test(`${name} stops the boot`, async () => {
    await assert.rejects(compiled(options, path), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      assert.match(error.message, message)
      assert.equal(`${error.message} ${error.stack} ${JSON.stringify(error)}`.includes(secret), false)
      return true
    })
  })
}

for (const text of [
  '', 'login.example.com', '//login.example.com', 'ftp://login.example.com', 'urn:issuer', 'https://login.example.com?x', 'https://login.example.com#x', 'https://login.example.com?', 'https://login.example.com#'
]) {
  stops(`the issuer ${JSON.stringify(text)}`, issuer({}, { issuer: text }), /^options\.issuers\[0\]\.issuer: found ".*"; allowed: an http or https URL without query and fragment$/)
}

for (const text of ['', 'introspect', '/introspect', 'https://']) {
  stops(`the endpoint ${JSON.stringify(text)}`, issuer({ endpoint: text }), /^options\.issuers\[0\]\.introspection\.endpoint: found ".*"; allowed: an https URL without credentials and fragment$/)
}

for (const text of ['ftp://a.example/i', 'file:///etc/passwd', 'unix:/run/as.sock', 'data:,x', 'https://a.example/i#x']) {
  stops(`the endpoint ${text}`, issuer({ endpoint: text }), /^options\.issuers\[0\]\.introspection\.endpoint: found ".*"; allowed: an https URL without credentials and fragment$/)
}

stops('an endpoint with a fragment, and with a secret in its query,', issuer({ endpoint: `https://a.example/i?key=${secret}#x` }), /^options\.issuers\[0\]\.introspection\.endpoint: found "/)

for (const text of ['https://api:…@a.example/i', 'https://…@a.example/i', 'https://:…@a.example/i', 'https://api:…@a.example:99999/i', 'ftp://api:…@a.example/i', 'https:api:…@a.example/i']) {
  stops(`the endpoint ${text}`, issuer({ endpoint: text.replace('…', secret) }),
    /^options\.issuers\[0\]\.introspection\.endpoint: found something with credentials; allowed: an https URL without credentials and fragment$/)
}

const http = /^options\.issuers\[0\]\.introspection\.endpoint: found http, which .*; allowed: https, or http on .* with issuers\[\]\.allowInsecureLoopback$/
for (const host of ['a.example', '10.0.0.1', '127.0.0.1', 'localhost', '[::1]']) {
  stops(`40: http to ${host}`, issuer({ endpoint: `http://${host}/i` }), http)
}

for (const host of [
  'a.example', '10.0.0.1', '0.0.0.0', '[::]', '[::2]', '128.0.0.1', '127.0.0.1.a.example', 'localhost.a.example', 'notlocalhost', '127.a.example', '[::ffff:127.0.0.1]', '192.168.127.1'
]) {
  stops(`http to ${host}, also when loopback is allowed,`, issuer({ endpoint: `http://${host}/i` }, { allowInsecureLoopback: true }), http)
}

for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', 'LOCALHOST', '[::1]', '127.1', '0x7f.1', '2130706433']) {
  test(`http to ${host} is allowed when loopback is`, async () => {
    const resolver = await compiled(issuer({ endpoint: `http://${host}:8080/i` }, { allowInsecureLoopback: true }), path)
    await resolver.close()
  })
}

for (const name of ['token', 'token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type']) {
  stops(`the parameter ${name}`, issuer({ parameters: { realm: 'x', [name]: secret } }),
    new RegExp(`^options\\.issuers\\[0\\]\\.introspection\\.parameters\\.${name}: this parameter is ours to send; allowed: other names$`))
}

for (const name of ['Authorization', 'ACCEPT', 'accept-encoding', 'Content-Type', 'content-length', 'Host', 'connection', 'Transfer-Encoding', 'expect', 'TE', 'upgrade']) {
  stops(`the header ${name}`, issuer({ headers: { 'x-tenant': 'x', [name]: secret } }),
    new RegExp(`^options\\.issuers\\[0\\]\\.introspection\\.headers\\.${name}: this header is ours to send; allowed: other names$`))
}

function withSecret (clientSecret: Secret): IssuerOptions {
  return issuer({ clientAuth: { method: 'client_secret_post', clientId: 'api', clientSecret } })
}

const secretPath = '^options\\.issuers\\[0\\]\\.introspection\\.clientAuth\\.clientSecret: '
stops('a secret that is not set', withSecret({ env: 'FST_BOUND_TOKEN_TEST_NOT_SET' }), new RegExp(`${secretPath}the environment variable FST_BOUND_TOKEN_TEST_NOT_SET is not set$`))
stops('a secret without its file', withSecret({ file: '/nowhere/at/all' }), new RegExp(`${secretPath}cannot read /nowhere/at/all \\(ENOENT\\)$`))
stops('an empty secret', withSecret(() => ''), new RegExp(`${secretPath}found an empty secret; allowed: a string that is not empty$`))
stops('a missing CA file', issuer({}, { tls: { ca: { file: '/nowhere/ca.pem' } } }), /^options\.issuers\[0\]\.tls\.ca: cannot read \/nowhere\/ca\.pem \(ENOENT\)$/)
stops('a CA that is no PEM', issuer({}, { tls: { ca: 'DER' } }), /^options\.issuers\[0\]\.tls\.ca: found no PEM certificate; allowed: /)

test('what tells two resolvers apart: issuer, endpoint and client', async () => {
  const identities = new Set<string>()
  const variants = [
    issuer(), issuer({}, { issuer: 'https://login.example.com/' }), issuer({ endpoint: 'https://login.example.com/introspect?a' }),
    issuer({ clientAuth: { method: 'client_secret_basic', clientId: 'api2', clientSecret: secret } })
  ]
  for (const variant of variants) {
    const resolver = await compiled(variant, path)
    assert.equal(JSON.stringify(resolver.identity).includes(secret), false)
    identities.add(JSON.stringify(resolver.identity))
    await resolver.close()
  }
  assert.equal(identities.size, variants.length)
})
