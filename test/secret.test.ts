import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { resolveCertificateAuthorities, resolveSecret } from '../lib/secret.ts'
import type { Secret } from '../lib/options.ts'
import { createAuthority } from './token/certificate-authority.ts'

const text = 'p+w:%20 a ü'
const base64 = Buffer.from(text).toString('base64')
const variable = 'FST_BOUND_TOKEN_TEST_SECRET'
let folder: string

before(async () => { folder = await mkdtemp(join(tmpdir(), 'secret-')) })
after(async () => {
  delete process.env[variable]
  await rm(folder, { recursive: true })
})

async function file (content: string | Buffer): Promise<string> {
  const path = join(folder, `${Math.random()}`)
  await writeFile(path, content)
  return path
}

async function inFile (content: string | Buffer, encoding?: 'base64'): Promise<string> {
  return resolveSecret({ file: await file(content), ...(encoding === undefined ? {} : { encoding }) }, 'secret')
}

async function inVariable (content: string, encoding?: 'base64'): Promise<string> {
  process.env[variable] = content
  return resolveSecret({ env: variable, ...(encoding === undefined ? {} : { encoding }) }, 'secret')
}

test('a secret is a string, stands in a variable or in a file, or comes from a function', async () => {
  assert.equal(await resolveSecret(text, 'secret'), text)
  assert.equal(await resolveSecret(() => text, 'secret'), text)
  assert.equal(await resolveSecret(async () => text, 'secret'), text)
  assert.equal(await inVariable(text), text)
  assert.equal(await inFile(text), text)
})

test('one line break at the end of a file is none of the secret, everything else is', async () => {
  assert.equal(await inFile(`${text}\n`), text)
  assert.equal(await inFile(`${text}\r\n`), text)
  assert.equal(await inFile(` ${text}\n\n`), ` ${text}\n`)
  assert.equal(await inVariable(` ${text} `), ` ${text} `)
})

test('base64, where it says so', async () => {
  assert.equal(await inVariable(base64, 'base64'), text)
  assert.equal(await inVariable(base64.replace(/=+$/, ''), 'base64'), text)
  assert.equal(await inFile(`${base64}\n`, 'base64'), text)
  assert.equal(await inVariable(base64), base64)
})

async function stops (promise: Promise<unknown>, message: RegExp, secret = text): Promise<void> {
  await assert.rejects(promise, (error: Error & { code?: string }) => {
    assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
    assert.match(error.message, message)
    assert.equal(`${error.message} ${error.stack} ${JSON.stringify(error)}`.includes(secret), false, error.message)
    return true
  })
}

test('an empty secret stops the boot, wherever it comes from', async () => {
  const sources = [() => resolveSecret('', 'secret'), () => resolveSecret(() => '', 'secret'), () => inVariable(''), () => inFile(''), () => inFile('\n'), () => inVariable('', 'base64')]
  for (const source of sources) await stops(source(), /^secret: found an empty secret; allowed: a string that is not empty$/)
})

for (const wrong of ['p+w:%20 a ü', 'YWJj!', 'YWJ', 'YWJjZB', 'YWJj YWJj', '-_-_', '=', '====', 'YW=Jj']) {
  test(`${JSON.stringify(wrong)} is not base64, and stops the boot`, async () => {
    await stops(inVariable(wrong, 'base64'), /^secret: found something that is not base64; allowed: base64, as `encoding` says$/, wrong)
  })
}

test('a secret that is not there stops the boot', async () => {
  await stops(resolveSecret({ env: 'FST_BOUND_TOKEN_TEST_NOT_SET' }, 'a.b'), /^a\.b: the environment variable FST_BOUND_TOKEN_TEST_NOT_SET is not set$/)
  await stops(resolveSecret({ file: join(folder, 'gone') }, 'a.b'), /^a\.b: cannot read .*gone \(ENOENT\)$/)
  await stops(resolveSecret({ file: folder }, 'a.b'), /^a\.b: cannot read .* \(EISDIR\)$/)
})

for (const value of [undefined, null, 7, Buffer.from(text), { secret: text }]) {
  test(`a function that gives ${value === null ? null : typeof value} stops the boot`, async () => {
    await stops(resolveSecret((() => value) as unknown as Secret, 'a.b'), /^a\.b: the function gave no string$/)
  })
}

test('S-9: certificate authorities: one or many, in text or in a file', async () => {
  const [one, two] = [(await createAuthority('one')).ca.trim(), (await createAuthority('two')).ca.trim()]
  assert.deepEqual(await resolveCertificateAuthorities(one, 'ca'), [one])
  assert.deepEqual(await resolveCertificateAuthorities(`# one\n${one}\n# two\n${two}\n`, 'ca'), [one, two])
  assert.deepEqual(await resolveCertificateAuthorities({ file: await file(`${one}\r\n${two}`) }, 'ca'), [one, two])
})

test('S-9: no certificate authority at all stops the boot', async () => {
  const none = /^a\.ca: found (?:no PEM certificate|PEM that says PRIVATE KEY); allowed: PEM text, or \{ file \} with the path of a PEM file$/
  for (const text of ['', 'x', '-----BEGIN CERTIFICATE-----', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----']) {
    await stops(resolveCertificateAuthorities(text, 'a.ca'), none, 'AAAA')
  }
  await stops(resolveCertificateAuthorities({ file: await file('') }, 'a.ca'), none)
  await stops(resolveCertificateAuthorities({ file: join(folder, 'gone.pem') }, 'a.ca'), /^a\.ca: cannot read .*gone\.pem \(ENOENT\)$/)
})

test('S-9: something in PEM armour that is no certificate stops the boot', async () => {
  const good = (await createAuthority('one')).ca
  for (const inside of ['', 'AAAA\n', '!\n', `${good.split('\n')[1]}\n`]) {
    const broken = `-----BEGIN CERTIFICATE-----\n${inside}-----END CERTIFICATE-----\n`
    await stops(resolveCertificateAuthorities(broken, 'a.ca'), /^a\.ca: /)
    await stops(resolveCertificateAuthorities(good + broken, 'a.ca'), /^a\.ca: /)
  }
})
