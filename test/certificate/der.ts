// Certificates that no tool makes, out of their parts (RFC 5280 section 4.1). Nobody has signed them: for a proof of possession that is nothing.

/** One tag, its length in the shortest form, its content. */
export function der (tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : length < 0x10000 ? [0x82, length >> 8, length & 0xff] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...bytes), content])
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents)
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.of(0), content)

/** `1.2.840…`, whose first number is below 3. */
export function oid (text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const base128 = (number: number): number[] => number < 128 ? [number] : [...base128(Math.floor(number / 128)).map((octet) => octet | 0x80), number % 128]
  return der(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** A name of one CN, of any bytes, or of none. */
export function nameOf (...commonNames: readonly string[]): Buffer {
  return sequence(...commonNames.map((name) => der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name))))))
}

export function extension (id: string, value: Uint8Array): Buffer {
  return sequence(oid(id), der(0x04, value))
}

/** subjectAltName of DNS names, of any bytes. */
export function alternativeNames (...names: readonly string[]): Buffer {
  return extension('2.5.29.17', sequence(Buffer.concat(names.map((name) => der(0x82, Buffer.from(name))))))
}

/** A public key of some algorithm, with bytes that need not be one. */
export function keyOf (algorithm: string, key: Uint8Array, parameters: Uint8Array = Buffer.alloc(0)): Buffer {
  return sequence(sequence(oid(algorithm), parameters), bits(key))
}

/** RSA with a modulus of so many bytes. */
export function rsaKey (length: number, exponent: Uint8Array = Buffer.of(1, 0, 1)): Buffer {
  const modulus = Buffer.alloc(length, 0x5b)
  modulus[length - 1] = 0x5d
  return keyOf('1.2.840.113549.1.1.1', sequence(der(0x02, modulus), der(0x02, exponent)), der(0x05))
}

const ecKey = keyOf('1.2.840.10045.2.1', Buffer.alloc(65, 4), oid('1.2.840.10045.3.1.7'))
const inUtc = (text: string): Buffer => der(0x17, Buffer.from(text))

export interface Parts {
  /** 2 is version 3. */
  readonly version?: 0 | 1 | 2
  readonly serial?: Uint8Array
  readonly issuer?: Buffer
  readonly subject?: Buffer
  /** `YYMMDDhhmmssZ`. */
  readonly validity?: readonly [from: string, to: string]
  readonly key?: Buffer
  readonly extensions?: readonly Buffer[]
  readonly signatureAlgorithm?: string
  readonly signature?: Uint8Array
}

export function certificateOf (parts: Parts = {}): Buffer {
  const { version = 2, serial = Buffer.of(1), issuer = nameOf('an issuer'), subject = nameOf('a client'), validity = ['200101000000Z', '491231235959Z'] } = parts
  const { key = ecKey, extensions = [], signatureAlgorithm = '1.2.840.10045.4.3.2', signature = Buffer.alloc(70, 1) } = parts
  const algorithm = sequence(oid(signatureAlgorithm))
  return sequence(
    sequence(
      ...version === 0 ? [] : [der(0xa0, der(0x02, Buffer.of(version)))],
      der(0x02, serial),
      algorithm,
      issuer,
      sequence(inUtc(validity[0]), inUtc(validity[1])),
      subject,
      key,
      ...extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]
    ),
    algorithm,
    bits(signature)
  )
}
