import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gatewayJsonSchema } from '../lib/gateway/json-schema.ts'
import { gatewayOptions } from './gateway/gateway-file.ts'

/** The package as it would be published, unpacked where an application has it. */
function installed (t: TestContext): { directory: string, files: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'bound-token-package-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const pack = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', directory]
  const packed = execFileSync('npm', pack, { encoding: 'utf8', shell: process.platform === 'win32' })
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string, files: Array<{ path: string }> }]
  mkdirSync(join(directory, 'node_modules'))
  execFileSync('tar', ['-xzf', join(directory, filename), '-C', join(directory, 'node_modules')])
  symlinkSync('package', join(directory, 'node_modules', 'fastify-bound-token'))
  // Its dependencies are those of this checkout.
  for (const name of ['fastify', ...Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object }).dependencies)]) {
    mkdirSync(join(directory, 'node_modules', name, '..'), { recursive: true })
    symlinkSync(join(process.cwd(), 'node_modules', name), join(directory, 'node_modules', name))
  }
  return { directory, files: files.map(({ path }) => path) }
}

const use = `
const app = Fastify()
app.register(boundToken, {
  certificate: { preset: 'rfc9440', trustedProxies: ['unix'] },
  issuers: [{ issuer: 'https://a.example', audience: 'b', introspection: { endpoint: 'https://a.example/i', clientAuth: { method: 'client_secret_post', clientId: 'c', clientSecret: 'd' } } }]
})
app.get('/', async () => 'in')
app.inject('/').then(({ statusCode }) => { console.log(statusCode); return app.close() })
`

test('the packed package works by import and by require', (t) => {
  const { directory } = installed(t)
  const run = (file: string, code: string): string => {
    writeFileSync(join(directory, file), code)
    return execFileSync(process.execPath, ['--no-warnings', file], { cwd: directory, encoding: 'utf8' }).trim()
  }
  assert.equal(run('esm.mjs', `import Fastify from 'fastify'\nimport boundToken, { forward, withAccessToken } from 'fastify-bound-token'\n${use}`), '401')
  assert.equal(run('cjs.cjs', `const Fastify = require('fastify')\nconst boundToken = require('fastify-bound-token')\n${use}`), '401')
})

test('the packed package has the command', (t) => {
  const { directory } = installed(t)
  const { bin, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string>, version: string }
  const command = join(directory, 'node_modules', 'fastify-bound-token', bin['fastify-bound-token'] as string)
  assert.match(readFileSync(command, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  assert.equal(execFileSync(process.execPath, [command, '--version'], { encoding: 'utf8' }), `${version}\n`)
  assert.match(execFileSync(process.execPath, [command, 'probe', '--help'], { encoding: 'utf8' }), /^usage: fastify-bound-token probe/)
})

test('the packed package has the schema of gateway files where editors look for it, and runs one', (t) => {
  const { directory } = installed(t)
  const file = join(directory, 'gateway.json')
  const schema = './node_modules/fastify-bound-token/gateway.schema.json'
  assert.deepEqual(JSON.parse(readFileSync(join(directory, schema), 'utf8')), JSON.parse(JSON.stringify(gatewayJsonSchema())))
  writeFileSync(file, JSON.stringify(gatewayOptions({ $schema: schema })))
  const command = join(directory, 'node_modules', 'fastify-bound-token', 'dist', 'lib', 'cli.js')
  assert.equal(execFileSync(process.execPath, [command, '--check', file], { encoding: 'utf8' }), `${file} is right\n`)
})

test('the packed package holds what is needed and nothing else', (t) => {
  const { files } = installed(t)
  const others = files.filter((path) => !/^dist\/(lib|types)\/.*\.(js|d\.ts)$/.test(path))
  assert.deepEqual(others.sort(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'gateway.schema.json', 'lib/certification-path/README.md', 'package.json'])
  assert.ok(files.includes('dist/lib/index.js') && files.includes('dist/lib/index.d.ts') && files.includes('dist/types/fastify.d.ts'))
})
