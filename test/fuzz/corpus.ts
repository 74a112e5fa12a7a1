import { hash, X509Certificate } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import type { ChainFormatName } from '../../lib/certificate/chain-formats.ts'
import { formats } from '../../lib/certificate/formats.ts'
import { pemOf, spellings, type FormatName } from '../certificate/spellings.ts'

const folder = new URL('../../fixtures/headers/', import.meta.url)

/** Every value that a proxy was seen to write, by its file. */
const captured = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.txt')).flatMap((file) =>
  readFileSync(new URL(file, folder), 'latin1').split('\n').filter(Boolean).map((line) => ({ file, value: line.slice(line.indexOf(':') + 1).trim() })))

/** The certificates in them. */
export const certificates = captured
  .filter(({ file, value }) => /nginx-1\.22.(?:rsa-2048|ec-p256|ed25519|san-60)\.txt$/.test(file) && value.startsWith('-----'))
  .map(({ value }) => new X509Certificate(decodeURIComponent(value)).raw)

const anything = captured.map(({ value }) => value)

const sha256 = (der: Buffer): Buffer => hash('sha256', der, 'buffer')
const cert = (der: Buffer): string => `Cert="${encodeURIComponent(pemOf(der))}"`

const otherSpellings: Readonly<Record<string, ReadonlyArray<(der: Buffer) => string>>> = {
  'x5t#S256': [(der) => sha256(der).toString('base64url')],
  'sha256-hex': [(der) => sha256(der).toString('hex'), (der) => sha256(der).toString('hex').toUpperCase()],
  'sha256-base64': [(der) => sha256(der).toString('base64'), (der) => sha256(der).toString('base64').slice(0, -1)],
  xfcc: [
    (der) => `Hash=${sha256(der).toString('hex')}`,
    (der) => `By=spiffe://mesh/gw;Hash=${sha256(der).toString('hex')};Subject="CN=\\"a\\",O=b\\\\";URI=spiffe://mesh/a;DNS=a.example.com`,
    (der) => `Hash=${sha256(der).toString('hex')};${cert(der)};Subject="CN=a"`,
    (der) => cert(der)
  ]
}

const chainSpellings: Readonly<Record<ChainFormatName, ReadonlyArray<(chain: readonly Buffer[]) => string>>> = {
  pem: [(chain) => chain.map((der) => pemOf(der).replaceAll('\n', ' ')).join('')],
  'url-pem': [(chain) => encodeURIComponent(chain.map((der) => pemOf(der)).join(''))],
  'base64-pem': [(chain) => Buffer.from(chain.map((der) => pemOf(der)).join('')).toString('base64')],
  'base64-der': [(chain) => Buffer.concat(chain).toString('base64')],
  'base64-der-list': [(chain) => chain.map((der) => der.toString('base64')).join(',')],
  rfc9440: [(chain) => chain.map((der) => `:${der.toString('base64')}:`).join(', ')]
}

/** How a certificate, or a chain, is written in a format, by whichever proxy. */
export function spellingsOf (format: string): ReadonlyArray<(der: Buffer) => string> {
  if (format.startsWith('chain:')) return chainSpellings[format.slice(6) as ChainFormatName].flatMap((spell) => [(der: Buffer) => spell([der]), (der: Buffer) => spell([der, certificates[0] as Buffer, der])])
  return format in formats ? Object.values(spellings[format as FormatName]) : otherSpellings[format] as ReadonlyArray<(der: Buffer) => string>
}

export interface Corpus {
  /** What the format should read. */
  readonly good: readonly string[]
  /** What it should not, for the most part. */
  readonly anything: readonly string[]
}

export function corpusOf (format: string): Corpus {
  return { good: certificates.flatMap((der) => spellingsOf(format).map((spell) => spell(der))), anything }
}
