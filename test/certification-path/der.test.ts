import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objectIdentifier, readDer } from '../../lib/certification-path/der.ts'
import { oid } from './pki.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

const refused: Readonly<Record<string, string>> = {
  nothing: '',
  'a tag alone': '30',
  'a length that is cut off': '30 81',
  'a value that is cut off': '04 02 00',
  'a value beyond the one around it': '30 02 04 01 00',
  'bytes after the value': '05 00 00',
  'an indefinite length': '30 80 00 00',
  'a short length in the long form': '04 81 01 00',
  'a length with a zero in front': `04 82 00 80 ${'00'.repeat(128)}`,
  'a length of four octets': '04 84 00 00 00 00',
  'a tag in the long form': '1f 1f 00',
  'a boolean of 01': '01 01 01',
  'a boolean of two octets': '01 02 ff ff',
  'a NULL with content': '05 01 00',
  'an integer of nothing': '02 00',
  'a padded integer': '02 02 00 7f',
  'a padded negative integer': '02 02 ff 80',
  'a bit string of nothing': '03 00',
  'eight unused bits': '03 02 08 00',
  'unused bits of nothing': '03 01 01',
  'unused bits that are set': '03 02 01 01',
  'a string in pieces': '24 03 04 01 00',
  'a primitive sequence': '10 00'
}

for (const [title, text] of Object.entries(refused)) {
  test(`C16: no DER: ${title}`, () => assert.throws(() => readDer(hex(text)), SyntaxError))
}

test('DER is read with positions', () => {
  const { children } = readDer(hex('30 0a 02 02 00 80 03 02 01 02 05 00'))
  assert.deepEqual(children.map(({ tag, start, contentStart, end }) => [tag, start, contentStart, end]), [[2, 2, 4, 6], [3, 6, 8, 10], [5, 10, 12, 12]])
  assert.equal(readDer(hex(`04 81 80 ${'00'.repeat(128)}`)).end, 131)
})

test('object identifiers', () => {
  for (const dotted of ['2.5.29.15', '1.2.840.113549.1.1.11', '0.9.2342', '2.999.3']) assert.equal(objectIdentifier(readDer(oid(dotted))), dotted)
  assert.equal(objectIdentifier(readDer(hex(`06 14 69 83 ${'ff'.repeat(17)} 7f`))), `2.25.${2n ** 128n - 1n}`)
  for (const bad of ['06 00', '06 01 80', '06 03 55 80 01', '06 02 55 81']) assert.throws(() => objectIdentifier(readDer(hex(bad))), SyntaxError)
})
