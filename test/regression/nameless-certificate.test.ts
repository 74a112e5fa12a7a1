import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presentCertificate } from '../../lib/certificate/client-certificate.ts'
import { oddForms, heavy } from '../certificate/odd-certificates.ts'

// The members are what their types say, whatever certificate a client shows: a handler that splits a subject must not fail on an empty one.
test('a certificate without subject or issuer has empty texts, and alternative names that nobody can read are none', () => {
  assert.equal(presentCertificate(oddForms['no subject'] as Buffer).certificate.subject, '')
  assert.equal(presentCertificate(oddForms['an empty issuer'] as Buffer).certificate.issuer, '')
  assert.equal(presentCertificate(heavy['an extension of 2800 SEQUENCEs in each other'] as Buffer).certificate.subjectAltName, undefined)
})
