// CA, certificate and key of our connections, also when short-lived ones are renewed in their files.
import assert from 'node:assert/strict'
import { renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, before, beforeEach, mock, test } from 'node:test'
import type { TlsOptions } from '../lib/options.ts'
import { tlsMaterial, type TlsMaterial } from '../lib/tls-material.ts'
import { createAuthority, type CertificateAuthority } from './token/certificate-authority.ts'
import { filesWith, replace, type Pair } from './token/certificate-files.ts'

const path = 'options.issuers[0].tls'
let authority: CertificateAuthority
let first: Pair
let second: Pair
before(async () => {
  authority = await createAuthority('ours')
  first = await authority.issue('127.0.0.1')
  second = await authority.issue('127.0.0.1')
})
beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }))
afterEach(() => mock.timers.reset())

function pass (milliseconds: number): void {
  mock.timers.setTime(Date.now() + milliseconds)
}

async function materialOf (options: TlsOptions | undefined): Promise<TlsMaterial & { troubles: string[] }> {
  const troubles: string[] = []
  return { ...await tlsMaterial(options, path, (detail) => { troubles.push(detail) }), troubles }
}

test('without options there is nothing, and it stays the same object', async () => {
  for (const options of [undefined, {}]) {
    const material = await materialOf(options)
    assert.deepEqual(material.current(), {})
    assert.equal(material.current(), material.current())
  }
})

test('what files hold is read again a second after they changed, and is the same object until then', async (t) => {
  const { certificate, key } = filesWith(t, first)
  const material = await materialOf({ ca: authority.ca, certificate, key })
  const before = material.current()
  assert.deepEqual([before.cert, before.key, before.ca], [first.cert, first.key, [authority.ca]].map((each) => typeof each === 'string' ? each.replace(/\n$/, '') : each.map((pem) => pem.trim())))
  pass(5000)
  assert.equal(material.current(), before, 'nothing has changed')
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(999)
  assert.equal(material.current(), before, 'less than a second')
  pass(1)
  const after = material.current()
  assert.deepEqual([after.cert, after.key], [second.cert.trimEnd(), second.key.trimEnd()])
  assert.deepEqual(after.ca, before.ca)
  pass(5000)
  assert.equal(material.current(), after)
  assert.deepEqual(material.troubles, [])
})

test('a certificate whose key follows a moment later: the old pair until both are there', async (t) => {
  for (const order of [['certificate', 'key'], ['key', 'certificate']] as const) {
    const files = filesWith(t, first)
    const material = await materialOf({ certificate: files.certificate, key: files.key })
    const before = material.current()
    const next = { certificate: second.cert, key: second.key }
    replace(files[order[0]].file, next[order[0]])
    pass(1000)
    assert.equal(material.current(), before)
    replace(files[order[1]].file, next[order[1]])
    pass(1000)
    assert.equal(material.current().cert, second.cert.trimEnd())
    assert.equal(material.current().key, second.key.trimEnd())
  }
})

test('a new pair that is none keeps the old one, and is reported once for each change', async (t) => {
  const { certificate, key } = filesWith(t, first)
  const material = await materialOf({ certificate, key })
  const before = material.current()
  const broken = ['no PEM', second.cert, first.cert.slice(0, 200), first.key]
  for (const [index, text] of broken.entries()) {
    replace(certificate.file, text)
    for (let i = 0; i < 5; i++) {
      pass(1000)
      assert.equal(material.current(), before, text)
    }
    assert.equal(material.troubles.length, index + 1)
  }
  assert.deepEqual([...new Set(material.troubles)], ['the new client certificate is not used: found a certificate and a key that do not fit'])
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(1000)
  assert.equal(material.current().cert, second.cert)
})

test('files that are gone keep the old pair, and are read when they are back', async (t) => {
  const { certificate, key } = filesWith(t, first)
  const material = await materialOf({ certificate, key })
  const before = material.current()
  unlinkSync(certificate.file)
  unlinkSync(key.file)
  for (let i = 0; i < 3; i++) {
    pass(1000)
    assert.equal(material.current(), before)
  }
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(1000)
  assert.equal(material.current().cert, second.cert)
})

test('files behind a link that is turned, as orchestrators do it, are followed', async (t) => {
  const [old, next] = [filesWith(t, first), filesWith(t, second)]
  const link = join(old.folder, 'current')
  symlinkSync(old.folder, link)
  const material = await materialOf({ certificate: { file: join(link, 'tls.crt') }, key: { file: join(link, 'tls.key') } })
  symlinkSync(next.folder, `${link}.new`)
  renameSync(`${link}.new`, link)
  pass(1000)
  assert.equal(material.current().cert, second.cert)
})

test('a clock that is set back does not stop the looking', async (t) => {
  const { certificate, key } = filesWith(t, first)
  const material = await materialOf({ certificate, key })
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(-86_400_000)
  assert.equal(material.current().cert, second.cert)
})

test('what is no file is read once', async (t) => {
  const { certificate, key } = filesWith(t, first)
  let asked = 0
  const material = await materialOf({ certificate: () => { asked++; return first.cert }, key: first.key })
  pass(10_000)
  assert.equal(material.current().cert, first.cert)
  assert.equal(asked, 1)
  const half = await materialOf({ certificate, key: first.key })
  replace(certificate.file, second.cert)
  replace(key.file, second.key)
  pass(1000)
  assert.equal(half.current().cert?.trim(), first.cert.trim(), 'the key that stands in the options does not fit the new certificate')
  assert.equal(half.troubles.length, 1)
})

const wrong: Record<string, { options: () => TlsOptions, message: RegExp }> = {
  'a certificate without key': { options: () => ({ certificate: first.cert }), message: /^options\.issuers\[0\]\.tls\.key: missing; allowed: certificate and key together$/ },
  'a key without certificate': { options: () => ({ key: first.key }), message: /^options\.issuers\[0\]\.tls\.certificate: missing; allowed: certificate and key together$/ },
  'a key of another certificate': { options: () => ({ certificate: first.cert, key: second.key }), message: /^options\.issuers\[0\]\.tls\.certificate: found a certificate and a key that do not fit; / },
  'a certificate that is no PEM': { options: () => ({ certificate: 'DER', key: first.key }), message: /do not fit; allowed: a PEM certificate and its private key$/ },
  'a key that is no PEM': { options: () => ({ certificate: first.cert, key: first.key.replace('BEGIN', 'BEGUN') }), message: /do not fit/ },
  'a key for a certificate, and a certificate for a key': { options: () => ({ certificate: first.key, key: first.cert }), message: /do not fit/ },
  'an empty key': { options: () => ({ certificate: first.cert, key: () => '' }), message: /^options\.issuers\[0\]\.tls\.key: found an empty secret/ },
  'a file that is not there': { options: () => ({ certificate: { file: '/nowhere/tls.crt' }, key: first.key }), message: /^options\.issuers\[0\]\.tls\.certificate: cannot read \/nowhere\/tls\.crt \(ENOENT\)$/ }
}

for (const [name, { options, message }] of Object.entries(wrong)) {
  test(`${name} stops the boot, and nothing of the key stands in the error`, async () => {
    await assert.rejects(materialOf(options()), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      assert.match(error.message, message)
      const secret = first.key.split('\n')[1] as string
      assert.ok(secret.length > 40)
      assert.equal(`${error.message} ${error.stack} ${JSON.stringify(error)}`.includes(secret), false)
      return true
    })
  })
}
