import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import { keyForm } from '../../lib/certification-path/key-form.ts'
import { namesCheck } from '../../lib/certificate/names.ts'
import { certificationPaths, parseCertificate } from '../../lib/certification-path/index.ts'
import { authority, client, ecKeys, ed25519Keys, rsaKeys } from '../certification-path/pki.ts'
import { inboundMessage, socketFrom, verdictOf } from './inbound.ts'

// A key on a curve that is written out, over the field of p = 15 * 2^654 + 1, with a compressed point: to read it, OpenSSL looks for a square root
// modulo p in more than 600 rounds of as many multiplications. Made for this test.
const bomb = Buffer.from(
  'MIIClzCCAnygAwIBAgICA+gwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBaTAeFw0yMDAxMDEwMDAwMDBaFw00MDAxMDEwMDAwMDBaMA0xCzAJBgNVBAMMAmMwMIICJjCCAcsGByqGSM49AgEwggG+Ag' +
  'EBMF4GByqGSM49AQECUwPAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABMIGqBFMAAAAAAAAAAAAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARTAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHgEVAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAQJTA7////////////////////////////////////////////////////////////////////////////////////////////////////////////8CAQEDVQACAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEwCgYIKoZIzj0EAwIDCQAwBgIBBQIBBw==', 'base64')

const trustedProxies = ['127.0.0.1']
const proxy = socketFrom('127.0.0.1')

function timed (work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

test('S-15: a certificate that takes OpenSSL a quarter of a second is refused before OpenSSL sees it', () => {
  assert.equal(bomb.length, 667)
  assert.equal(keyForm(bomb), 'curve')
  const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', trustedProxies }, 'certificate')
  let verdict = ''
  const took = timed(() => { verdict = verdictOf(source, inboundMessage([['x-cert', bomb.toString('base64')]], proxy)) })
  assert.equal(verdict, 'certificate_malformed')
  assert.ok(took < 50, `${took} ms`)
})

test('S-15, C34: ten of them in a chain, or thirty beside a certificate', () => {
  const root = authority()
  const leaf = client(root)
  const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', chain: { header: 'x-chain', format: 'base64-der' }, trustedProxies }, 'certificate')
  const lines = [['x-cert', leaf.der.toString('base64')], ['x-chain', Buffer.concat(Array.from({ length: 10 }, () => bomb)).toString('base64')]] as const
  let verdict = ''
  const took = timed(() => { verdict = verdictOf(source, inboundMessage(lines, proxy)) })
  assert.equal(verdict, 'certificate_malformed')
  assert.ok(took < 50, `${took} ms`)
  const paths = certificationPaths({ anchors: [root.der] })
  const judged = timed(() => { paths.validate(leaf.der, Array.from({ length: 30 }, () => bomb), new Date('2026-06-15T12:00:00Z')) })
  assert.ok(judged < 100, `${judged} ms`)
})

test('S-15: nor is it read where certificates come with an answer of a responder, or for its names', () => {
  for (const read of [() => parseCertificate(bomb), () => namesCheck([{ subject: { CN: 'a' } }])(bomb)]) {
    const took = timed(() => { assert.throws(read) })
    assert.ok(took < 50, `${took} ms`)
  }
})

test('keys in the forms that there are stay readable', () => {
  for (const keys of [ecKeys('P-256'), ecKeys('P-384'), ecKeys('P-521'), ecKeys('secp256k1'), rsaKeys(), ed25519Keys()]) {
    const { der } = client(authority(), { keys })
    assert.equal(keyForm(der), 'fit')
    for (let length = 0; length < der.length; length += 7) assert.equal(keyForm(der.subarray(0, length)), 'none')
  }
  assert.equal(keyForm(authority({ version: 0 }).der), 'fit')
})
