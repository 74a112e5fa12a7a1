import assert from 'node:assert/strict'
import { createServer as createTlsServer } from 'node:tls'
import { test, type TestContext } from 'node:test'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { listen } from '../../examples/demo/listen.ts'
import { readArguments } from '../../lib/probe/arguments.ts'
import { shapes } from '../../lib/probe/shapes.ts'
import { runCommand } from '../e2e/probed-service.ts'
import { probedApp, secret } from './probed-app.ts'

const env = { BOUND_TOKEN_PROBE_SECRET: secret }
const url = 'https://api.example.com/accounts'

test('--help, and a command that is misspelt', async (t) => {
  const { code, stdout } = await runCommand(t, ['probe', '--help'])
  assert.equal(code, 0)
  assert.match(stdout, /^usage: fastify-bound-token probe <url>/)
  const stderr = 'fastify-bound-token: porbe: found a file of another kind; allowed: .json, .jsonc, .yaml, .yml\n'
  assert.deepEqual(await runCommand(t, ['porbe']), { code: 2, stdout: '', stderr })
})

const header = ['--header', 'x-ssl-cert']
const wrong: Array<[name: string, args: string[], message: RegExp, env?: NodeJS.ProcessEnv]> = [
  ['no header', [url], /^--header: missing; allowed: the name of a header, or --preset with one of nginx, /],
  ['no URL', header, /^url: missing; allowed: 1 to 10 http or https URLs$/],
  ['too many URLs', [...header, ...Array(11).fill(url)], /^url: found 11; allowed: 1 to 10, since one run/],
  ['a URL that is none', [...header, 'api.example.com'], /^url: found "api\.example\.com"; allowed: an http or https URL/],
  ['a URL of another kind', [...header, 'ftp://a'], /^url: found ftp:\/\/…; allowed: /],
  ['a URL with a password', [...header, 'https://a:hunter2@b'], /^url: found https:\/\/…; allowed: an http or https URL without credentials$/],
  ['a header that is none', ['--header', 'x ssl', url], /^--header: found "x ssl"; allowed: the name of a header$/],
  ['a header that would break the line', ['--header', 'x\r\ny', url], /^--header: found "x\\r\\ny"/],
  ['a verify header that is none', [...header, '--verify-header', 'a:b', url], /^--verify-header: found "a:b"/],
  ['a verdict that would break the line', [...header, '--verify-value', 'a\nb', url], /^--verify-value: found text that no header can hold/],
  ['a preset that is none', ['--preset', 'nignx', url], /^--preset: found "nignx"; allowed: nginx, apache/],
  ['a preset of the prototype', ['--preset', 'constructor', url], /^--preset: found "constructor"/],
  ['a format that is none', [...header, '--format', 'pme', url], /^--format: found "pme"; allowed: pem, url-pem/],
  ['a misspelt option', ['--heder', 'x', url], /^Unknown option '--heder'; allowed: --header, --verify-header/],
  ['the secret as an argument', [...header, '--secret', secret, url], /^Unknown option '--secret'; allowed: .*--secret-env, --secret-file/],
  ['an option without its value', ['--header'], /^Option '--header <value>' argument missing; allowed: /],
  ['no secret', [...header, url], /^the environment variable BOUND_TOKEN_PROBE_SECRET: not set; allowed: the secret of the application's option `probe`, or --secret-file$/, {}],
  ['an empty variable', [...header, '--secret-env', 'EMPTY', url], /^the environment variable EMPTY: found 0 characters/, { EMPTY: '' }],
  ['a secret that is too short', [...header, url], /found 5 characters; allowed: .* at least 32 visible ASCII/, { BOUND_TOKEN_PROBE_SECRET: 'short' }],
  ['two secrets', [...header, '--secret-env', 'A', '--secret-file', 'b', url], /^--secret-env and --secret-file: found both; allowed: one of them$/],
  ['a secret file that is not there', [...header, '--secret-file', '/nowhere/s', url], /^--secret-file: cannot read \/nowhere\/s \(ENOENT\)/],
  ['a certificate without its key', [...header, '--cert', 'a', url], /^--key: missing; allowed: --cert and --key together$/],
  ['a key without its certificate', [...header, '--key', 'a', url], /^--cert: missing/],
  ['authorities that are none', [...header, '--ca', 'package.json', url], /^--ca: found no certificate in package\.json; allowed: a PEM file$/],
  ['an address without port', [...header, '--connect', 'localhost', url], /^--connect: found "localhost"; allowed: host:port, or \[address\]:port$/],
  ['a port that is none', [...header, '--connect', 'localhost:99999', url], /^--connect: found "localhost:99999"/],
  ['a time that is none', [...header, '--timeout', '5s', url], /^--timeout: found "5s"; allowed: milliseconds from 100 to 60000$/]
]
for (const [name, args, message, environment] of wrong) {
  test(`a mistake is named with what is allowed: ${name}`, () => {
    assert.throws(() => readArguments(args, environment ?? env), (error: Error) => {
      assert.match(error.message, message)
      return !error.message.includes(secret) && !error.message.includes('hunter2')
    })
  })
}

test('what the arguments say', () => {
  const { probes, isJson } = readArguments(['--preset', 'gcp', '--header', 'x-mine', '--connect', '[::1]:8443', '--servername', 'a.example', '--json', url, 'http://b/'], env)
  const [{ front, ...target }] = probes as [typeof probes[0]]
  assert.deepEqual([target.header, target.verifyHeader, target.verifyValue, target.format, target.secret, target.identity], ['x-mine', 'x-client-cert-chain-verified', 'true', 'rfc9440', secret, null])
  assert.deepEqual(front, { url: new URL(url), connectTo: { host: '::1', port: 8443 }, servername: 'a.example', ca: null, timeout: 5000 })
  assert.deepEqual([probes.length, isJson], [2, true])
})

test('a key that is not the certificate\'s, or none', async (t) => {
  const [one, other] = [await createClientCertificate('one'), await createClientCertificate('other')]
  const run = async (key: string): Promise<string> =>
    (await runCommand(t, ['probe', url, ...header, '--cert', 'FOLDER/cert', '--key', 'FOLDER/key'], { env, files: { cert: one.certificate, key } })).stderr
  assert.match(await run(other.key), /--key: found the key of another certificate; allowed: that of --cert/)
  assert.match(await run('no key'), /--key: found no private key in .*; allowed: a PEM file with a private key that is not encrypted/)
})

test('a mistake costs no run, and exit code 2; nothing but the report is printed', async (t) => {
  const { port, logged } = await probedApp(t)
  const bad = await runCommand(t, ['probe', `http://127.0.0.1:${port}/`, '--secret', secret], { env })
  assert.deepEqual([bad.code, bad.stdout], [2, ''])
  assert.ok(!bad.stderr.includes(secret) && !logged.join('').includes('the probe was opened'))
  const good = await runCommand(t, ['probe', `http://127.0.0.1:${port}/`, `http://127.0.0.1:${port}/public`, '--preset', 'nginx'], { env })
  assert.deepEqual([good.code, good.stderr], [1, ''])
  assert.equal(good.stdout.match(/^FORGED: \d+ of 24 requests; the front is open/gm)?.length, 2)
  assert.ok(logged.join('').includes('the probe is closed'))
})

/** What is said of a server with this certificate, at this name. */
async function failureAt (t: TestContext, args: readonly string[], files: Record<string, string>, tls: { key: string, cert: string }): Promise<string> {
  const { port, close } = await listen(createTlsServer(tls, (socket) => { socket.on('error', () => {}).end('HTTP/1.1 404 Not Found\r\n\r\n') }))
  t.after(close)
  const { code, stdout } = await runCommand(t, ['probe', `https://localhost:${port}/`, ...header, '--connect', `127.0.0.1:${port}`, ...args], { env, files })
  assert.equal(code, 2)
  return stdout
}

test('a server that is not whom it should be is not probed', async (t) => {
  const { ca, server } = await createPki()
  const tls = { key: server.key, cert: server.certificate }
  assert.match(await failureAt(t, [], {}, tls), /the front's certificate is of an authority that is not trusted here .*: say --ca with a PEM file/)
  assert.match(await failureAt(t, ['--ca', 'FOLDER/ca', '--servername', 'api.example.com'], { ca }, tls), /the front's certificate is for another name: say --servername/)
  assert.match(await failureAt(t, ['--ca', 'FOLDER/ca'], { ca }, tls), /the answer was 404 and not the echo/)
})

test('every shape has a name of its own, and none that HTTP/2 cannot express is said to be expressed by it', () => {
  assert.equal(new Set(shapes.map(({ name }) => name)).size, shapes.length)
  for (const shape of shapes.filter(({ http2 }) => http2 === true)) {
    assert.ok(shape.hasConnection !== true && shape.version === undefined && shape.target === undefined)
    const lines = shape.lines({ header: 'x-ssl-cert', verifyHeader: 'x-ssl-verify', value: 'value', verdict: 'good' })
    for (const line of lines) assert.match(line, /^[\w.-]+:[ \w:-]*$/, shape.name)
  }
})
