import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { formats } from '../../lib/certificate/formats.ts'
import { certificateDecoderContract, decodeAndCheck } from '../contract/certificate-decoder.contract.ts'
import { createCertificate } from './certificates.ts'
import { spellings, write, type FormatName } from './spellings.ts'

const certificates: Buffer[] = []

before(async () => {
  const manyNames = Array.from({ length: 60 }, (_, index) => ({ type: 'dns' as const, value: `name-${index}.clients.example.com` }))
  for (const options of [{ keyType: 'rsa' }, { keyType: 'ec' }, { keyType: 'ed25519' }, { subjectAltNames: manyNames }, { name: 'Zoë ﷽ \u202e=,;"' }] as const) {
    certificates.push((await createCertificate(options)).der)
  }
})

for (const [name, decode] of Object.entries(formats)) {
  const format = name as FormatName

  describe(`format ${format}`, () => {
    certificateDecoderContract({ decode, write: (der) => write(format, der), certificates: () => certificates })

    for (const [proxy, spell] of Object.entries(spellings[format])) {
      it(`reads ${proxy}`, () => {
        for (const der of certificates) assert.deepEqual(decodeAndCheck(decode, spell(der)), der)
      })
    }

    for (const other of Object.keys(spellings) as FormatName[]) {
      // A list of one is written like the one.
      const isAlike = (name: string): boolean => name.startsWith('base64-der')
      if (other === format || (isAlike(other) && isAlike(format))) continue
      it(`S-12: never takes the spelling of ${other}`, () => {
        for (const der of certificates) {
          for (const spell of Object.values(spellings[other])) assert.equal(decodeAndCheck(decode, spell(der)), 'certificate_malformed')
        }
      })
    }
  })
}

describe('the table of formats', () => {
  it('has a spelling by some proxy for every format', () => {
    assert.deepEqual(Object.keys(spellings).sort(), Object.keys(formats).sort())
  })
})
