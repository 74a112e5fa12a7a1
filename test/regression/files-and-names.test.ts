import 'reflect-metadata'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Fastify from 'fastify'
import { namesCheck } from '../../lib/certificate/names.ts'
import boundToken from '../../lib/index.ts'
import { renewed, renewedLater } from '../../lib/renewed.ts'
import { resolveCertificateAuthorities, resolveSecret } from '../../lib/secret.ts'
import { tlsMaterial } from '../../lib/tls-material.ts'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { replace } from '../token/certificate-files.ts'
import { alternativeNames, authority, client, extension, mail, oid, seq, tlv } from '../certification-path/pki.ts'
import { by, optionsFor, owner } from '../guard/protected-app.ts'

test('a file that could not be read is tried again, also when nothing about it has changed; the same trouble is told once', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const folder = mkdtempSync(join(tmpdir(), 'renewed-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'file')
  writeFileSync(file, 'first')
  let isOut = true
  const troubles: string[] = []
  const read = (previous: string): string => {
    if (isOut) throw new Error('EMFILE')
    return `${previous} again`
  }
  const now = renewed([file], 'first', read, (error) => troubles.push(String(error)))
  const later = renewedLater([file], 'first', async (previous) => read(previous), (error) => troubles.push(String(error)))
  for (let i = 0; i < 3; i++) {
    t.mock.timers.setTime(Date.now() + 1000)
    assert.deepEqual([now(), await later()], ['first', 'first'])
  }
  assert.equal(troubles.length, 2)
  isOut = false
  t.mock.timers.setTime(Date.now() + 1000)
  assert.deepEqual([now(), await later()], ['first again', 'first again'])
  t.mock.timers.setTime(Date.now() + 1000)
  assert.deepEqual([now(), await later()], ['first again', 'first again'], 'and then left alone')
})

test('a certificate file with a second block that is cut off is no new certificate', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const folder = mkdtempSync(join(tmpdir(), 'cut-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [first, second] = [await createClientCertificate('api'), await createClientCertificate('api')]
  const files = { certificate: { file: join(folder, 'cert.pem') }, key: { file: join(folder, 'key.pem') } }
  writeFileSync(files.certificate.file, first.certificate)
  writeFileSync(files.key.file, first.key)
  const troubles: string[] = []
  const material = await tlsMaterial(files, 'tls', (detail) => { troubles.push(detail) })
  replace(files.certificate.file, `${first.certificate}\n${second.certificate.slice(0, 200)}`)
  t.mock.timers.setTime(Date.now() + 1000)
  assert.equal(material.current().cert?.trim(), first.certificate.trim())
  assert.equal(troubles.length, 1)
})

test('S-9: authorities in a file that is cut off are none: fewer would be believed than were meant', async () => {
  const [one, other] = [(await createPki()).ca, (await createPki()).ca]
  assert.equal((await resolveCertificateAuthorities(`${one}\n${other}`, 'ca')).length, 2)
  await assert.rejects(async () => await resolveCertificateAuthorities(`${one}\n${other.slice(0, 200)}`, 'ca'), /^FastifyError.*: ca: found PEM that is no certificate/)
})

test('S-38: what a function for a secret throws goes no further, and names the option', async () => {
  await assert.rejects(async () => await resolveSecret(() => { throw new Error('the-secret-itself') }, 'options.x'), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
    assert.equal(error.message, 'options.x: the function threw')
    return true
  })
})

test('a route older than the plugin whose secret cannot be had refuses all, tries once a second, and keeps nothing of each request', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  let tries = 0
  let isThere = false
  const value = (): string => {
    tries++
    if (!isThere) throw new Error('not yet')
    return 'harmless-secret-of-a-test-0123456789'
  }
  const app = Fastify()
  t.after(() => app.close())
  app.register(boundToken, optionsFor('http://127.0.0.1:1'))
  app.get('/late', { config: { boundToken: { certificate: { preset: 'nginx', trustedProxies: [{ secretHeader: { name: 'x-secret', value } }] } } } }, async () => 'in')
  const status = async (): Promise<number> => (await app.inject({ url: '/late', headers: by(owner) })).statusCode
  for (let i = 0; i < 20; i++) assert.equal(await status(), 500)
  assert.equal(tries, 1)
  t.mock.timers.setTime(Date.now() + 1000)
  assert.equal(await status(), 500)
  assert.equal(tries, 2)
  isThere = true
  t.mock.timers.setTime(Date.now() + 1000)
  assert.equal(await status(), 401, 'judged')
})

test('S-8: names that can be read in two ways are not read, and a mailbox without a domain is as it is', () => {
  const root = authority()
  const der = (...extensions: readonly Uint8Array[]): Buffer => client(root, { extensions }).der
  const has = (email: string, wanted: string): boolean => namesCheck([{ subjectAltName: { email: wanted } }])(der(alternativeNames([mail(email)])))
  assert.deepEqual([has('rooT', 'root'), has('rooT', 'rooT'), has('a@eXample.com', 'a@Example.com')], [false, true, true])
  const trailing = extension('2.5.29.17', Buffer.concat([seq(mail('a@example.com')), Buffer.of(0x05, 0x00)]))
  assert.throws(() => namesCheck([{ subjectAltName: { email: 'a@example.com' } }])(der(trailing)), { reason: 'certificate_malformed' })
  const subject = seq(tlv(0x31, seq(oid('2.5.4.3'), tlv(0x0c, Buffer.from('67fc626264', 'hex')))))
  assert.throws(() => namesCheck([{ subject: { CN: 'g\u00fcbbd' } }])(client(root, { subject }).der), { reason: 'certificate_malformed' })
})
