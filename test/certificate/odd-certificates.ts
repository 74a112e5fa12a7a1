import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { alternativeNames, certificateOf, der, extension, keyOf, nameOf, oid, rsaKey, sequence } from './der.ts'

const spki = ({ publicKey }: { publicKey: KeyObject }): Buffer => publicKey.export({ type: 'spki', format: 'der' })
const many = <Item>(length: number, item: (index: number) => Item): Item[] => Array.from({ length }, (_, index) => item(index))

function nested (depth: number): Buffer {
  let inner = der(0x05)
  for (let i = 0; i < depth; i++) inner = sequence(inner)
  return inner
}

/** Keys that Node or its OpenSSL may know nothing of, or that prove little. */
export const oddKeys: Readonly<Record<string, Buffer>> = {
  'GOST R 34.10-2012': certificateOf({
    key: keyOf('1.2.643.7.1.1.1.1', der(0x04, Buffer.alloc(64, 7)), sequence(oid('1.2.643.2.2.35.1'), oid('1.2.643.7.1.1.2.2'))),
    signatureAlgorithm: '1.2.643.7.1.1.3.2'
  }),
  'ML-DSA-65': certificateOf({
    key: keyOf('2.16.840.1.101.3.4.3.18', Buffer.alloc(1952, 9)),
    signatureAlgorithm: '2.16.840.1.101.3.4.3.18',
    signature: Buffer.alloc(3309, 3)
  }),
  secp224k1: certificateOf({ key: spki(generateKeyPairSync('ec', { namedCurve: 'secp224k1' })) }),
  'RSA of 512 bits': certificateOf({ key: spki(generateKeyPairSync('rsa', { modulusLength: 512 })) }),
  'RSA with the exponent 1': certificateOf({ key: rsaKey(256, Buffer.of(1)) }),
  'an algorithm that nobody has registered': certificateOf({ key: keyOf('1.3.6.1.4.1.99999.1', Buffer.from('x')) }),
  'a point that is not on its curve': certificateOf()
}

export const oddForms: Readonly<Record<string, Buffer>> = {
  'an extension twice': certificateOf({ extensions: [alternativeNames('a'), alternativeNames('b')] }),
  'version 1 with extensions': certificateOf({ version: 0, extensions: [alternativeNames('a')] }),
  'a negative serial number': certificateOf({ serial: Buffer.of(0xff) }),
  'the serial number zero': certificateOf({ serial: Buffer.of(0) }),
  'a serial number of 200 bytes': certificateOf({ serial: Buffer.alloc(200, 0x7f) }),
  'no subject': certificateOf({ subject: nameOf() }),
  'an empty issuer': certificateOf({ issuer: nameOf() }),
  'a critical extension that nobody knows': certificateOf({ extensions: [sequence(oid('1.2.3.4'), der(0x01, Buffer.of(0xff)), der(0x04, Buffer.of(5, 0)))] })
}

export const outOfTime: Readonly<Record<string, Buffer>> = {
  expired: certificateOf({ validity: ['190101000000Z', '200101000000Z'] }),
  'not yet valid': certificateOf({ validity: ['480101000000Z', '491231235959Z'] }),
  'over before it begins': certificateOf({ validity: ['491231235959Z', '190101000000Z'] })
}

export const hostileNames = certificateOf({
  subject: nameOf('a\r\nX-Admin: true', 'b\0c', '\u202egnp.exe', '", CN=admin', 'x'.repeat(4096)),
  extensions: [alternativeNames('a, DNS:admin', 'a\0b', 'a\r\nX-Admin: true', '"quoted"')]
})

/** What might take a parser long, or its stack: as large as a header of 16 KiB may bring it, and far larger. */
export const heavy: Readonly<Record<string, Buffer>> = {
  'RSA of 88,000 bits': certificateOf({ key: rsaKey(11_000) }),
  'RSA of 800,000 bits': certificateOf({ key: rsaKey(100_000) }),
  'RSA with an exponent of 5000 bytes': certificateOf({ key: rsaKey(5000, Buffer.alloc(5000, 0x7f)) }),
  'an extension of 2800 SEQUENCEs in each other': certificateOf({ extensions: [extension('2.5.29.17', nested(2800))] }),
  'the same in an other name': certificateOf({ extensions: [extension('2.5.29.17', sequence(der(0xa0, oid('1.2.3'), der(0xa0, nested(2500)))))] }),
  '700 extensions': certificateOf({ extensions: many(700, (index) => extension(`1.2.3.${index}`, Buffer.of(5, 0))) }),
  '3000 alternative names': certificateOf({ extensions: [alternativeNames(...many(3000, () => 'a'))] }),
  '60,000 alternative names': certificateOf({ extensions: [alternativeNames(...many(60_000, () => 'abc'))] }),
  '900 parts of a subject': certificateOf({ subject: nameOf(...many(900, (index) => `a${index}`)) })
}

/** The same for what no parser takes. */
export const heavyAndMalformed: Readonly<Record<string, Buffer>> = {
  'a subject of 2800 SEQUENCEs in each other': certificateOf({ subject: nested(2800) }),
  '6000 openings of indefinite length': Buffer.from('3080'.repeat(6000), 'hex'),
  'a length of 4 GB': Buffer.from('3084ffffffff', 'hex'),
  'a length whose length is 126 bytes': Buffer.concat([Buffer.of(0x30, 0xfe), Buffer.alloc(126, 0xff)])
}
