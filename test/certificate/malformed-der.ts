// One certificate altered until it is not one certificate in DER any more, though a lenient parser may still read it.

/** Splits off the first TLV of definite length. */
function first (bytes: Buffer): { tag: number, content: Buffer, rest: Buffer } {
  const short = bytes[1] as number
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes)
  const start = 2 + lengthBytes
  return { tag: bytes[0] as number, content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) }
}

/** A TLV whose length takes four bytes, where two or three would do. */
function nonMinimal (tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x83, 0, content.length >> 8, content.length & 0xff), content])
}

function minimal (tag: number, content: Buffer): Buffer {
  const { length } = content
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...header), content])
}

/** The three parts of a certificate: what is signed, the algorithm, the signature. */
function partsOf (der: Buffer): [signed: Buffer, algorithm: Buffer, signature: Buffer] {
  const signed = first(first(der).content)
  const algorithm = first(signed.rest)
  return [minimal(signed.tag, signed.content), minimal(algorithm.tag, algorithm.content), algorithm.rest]
}

export const malformations: Readonly<Record<string, (der: Buffer) => Buffer>> = {
  'one byte behind it': (der) => Buffer.concat([der, Buffer.of(0)]),
  'four bytes behind it': (der) => Buffer.concat([der, Buffer.from('AAAA')]),
  'a line break behind it': (der) => Buffer.concat([der, Buffer.from('\n')]),
  'the same certificate again': (der) => Buffer.concat([der, der]),
  'trust settings of OpenSSL behind it': (der) => Buffer.concat([der, Buffer.from('300a06082b06010505070302', 'hex')]),
  'a byte before it': (der) => Buffer.concat([Buffer.of(0), der]),
  'indefinite length': (der) => Buffer.concat([Buffer.of(0x30, 0x80), first(der).content, Buffer.of(0, 0)]),
  'a length of more bytes than it takes': (der) => nonMinimal(0x30, first(der).content),
  'an algorithm with a length of more bytes than it takes': (der) => {
    const [signed, algorithm, signature] = partsOf(der)
    return minimal(0x30, Buffer.concat([signed, nonMinimal(0x30, first(algorithm).content), signature]))
  },
  'a signature with a length of more bytes than it takes': (der) => {
    const [signed, algorithm, signature] = partsOf(der)
    return minimal(0x30, Buffer.concat([signed, algorithm, nonMinimal(0x03, first(signature).content)]))
  },
  'a signature in pieces': (der) => {
    const [signed, algorithm, signature] = partsOf(der)
    return minimal(0x30, Buffer.concat([signed, algorithm, minimal(0x23, signature)]))
  },
  'only what is signed': (der) => partsOf(der)[0],
  'the last byte lost': (der) => der.subarray(0, -1),
  'the first byte lost': (der) => der.subarray(1),
  'the second half lost': (der) => der.subarray(0, der.length >> 1),
  'the header alone': (der) => der.subarray(0, 4),
  'another tag': (der) => Buffer.concat([Buffer.of(0x31), der.subarray(1)]),
  '400 NULs': () => Buffer.alloc(400),
  'one NUL': () => Buffer.alloc(1),
  'an empty SEQUENCE': () => Buffer.of(0x30, 0),
  'its PEM': (der) => Buffer.from(`-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`)
}

/** BER inside the part that is signed. */
export function berInSignedPart (der: Buffer): Buffer {
  const [signed, algorithm, signature] = partsOf(der)
  return minimal(0x30, Buffer.concat([nonMinimal(0x30, first(signed).content), algorithm, signature]))
}
