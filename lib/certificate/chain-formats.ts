import { refuse } from '../errors.ts'
import { decodeBase64 } from './base64.ts'
import { base64Der } from './format/base64-der.ts'
import { rfc9440 } from './format/rfc9440.ts'
import { unescapePem } from './format/url-pem.ts'
import { decodePemBlocks } from './pem.ts'

/** Reads one header value into the DER of each certificate, in the order in which they stand. @throws Refusal */
export type ChainDecoder = (value: string) => Uint8Array[]

/** A longer one is none that a client sends, and would cost time. */
const maxCertificates = 10

/** RFC 9440 section 2.3: a List of Byte Sequences (RFC 8941 section 4.2.1), also over several lines. Whether there are commas at all says how many. */
const byteSequences: ChainDecoder = (value) => atMost(value.split(',')).map((item) => rfc9440(item.replace(/^[ \t]+|[ \t]+$/g, '')))

/** Traefik since 2.9.4. */
const base64List: ChainDecoder = (value) => atMost(value.split(',')).map(base64Der)

/** One after the other in one piece: HAProxy `ssl_c_chain_der,base64`. */
const concatenatedDer: ChainDecoder = (value) => {
  const bytes = base64Der(value) as Buffer
  const certificates: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const end = endOfSequence(bytes, at)
    certificates.push(bytes.subarray(at, end))
    atMost(certificates)
    at = end
  }
  return certificates
}

/** X.690 section 8.1.3: where the SEQUENCE that begins here ends. Whether it is a certificate is for others to say. */
function endOfSequence (bytes: Buffer, at: number): number {
  const [tag, first = 0x80] = bytes.subarray(at, at + 2)
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  const isReadable = tag === 0x30 && first !== 0x80 && lengthBytes <= 3 && at + 2 + lengthBytes <= bytes.length
  const length = isReadable && lengthBytes > 0 ? bytes.readUIntBE(at + 2, lengthBytes) : first
  const end = at + 2 + lengthBytes + length
  if (!isReadable || end > bytes.length) throw refuse('certificate_malformed', 'not certificates in DER, one after the other')
  return end
}

const pem: ChainDecoder = (value) => atMost(decodePemBlocks(value))

const urlPem: ChainDecoder = (value) => pem(unescapePem(value))

const base64Pem: ChainDecoder = (value) => {
  const text = decodeBase64(value)
  if (text === null) throw refuse('certificate_malformed', 'not canonical base64')
  return pem(text.toString('latin1'))
}

/** Every form in which several certificates stand in one header. */
export const chainFormats = {
  pem,
  'url-pem': urlPem,
  'base64-pem': base64Pem,
  'base64-der': concatenatedDer,
  'base64-der-list': base64List,
  rfc9440: byteSequences
} as const satisfies Record<string, ChainDecoder>

export type ChainFormatName = keyof typeof chainFormats

/** Formats of the certificate's own header in which the chain may follow it. */
export const appendable = ['pem', 'url-pem', 'base64-pem', 'base64-der-list'] as const satisfies ChainFormatName[]

function atMost<Item> (items: Item[]): Item[] {
  if (items.length > maxCertificates) throw refuse('certificate_malformed', `more than ${maxCertificates} certificates`)
  return items
}
