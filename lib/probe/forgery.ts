import { hash, randomInt } from 'node:crypto'
import type { FormatName } from '../certificate/formats.ts'

/** A certificate that nobody has: what the probe sends in place of another client's. */
export interface Forgery {
  /** Random, and a part of the value in one piece. */
  readonly marker: string
  /** How the certificate is written in the header. */
  readonly value: string
  /** What a reader of the value would find, `x5t#S256`. */
  readonly thumbprint: string
}

// Its key was thrown away. The serial number is 18 bytes at a multiple of three, so that 24 letters and digits can take its place in the
// base64; the signature does not hold, which nobody learns but who asks the issuer's key.
const template = 'MIIB1DCCAXugAwIBAgISESIzRFVmd4iZqrvM3e7/ABEiMAoGCCqGSM49BAMCMEAxPjA8BgNVBAMMNWZhc3RpZnktYm91bmQtdG9rZW4gcHJvYmU6IG5vdCBhIGNlcnRpZmlj' +
  'YXRlIHRvIHRydXN0MCAXDTI2MTEyMTA2NDgzNloYDzIxMjYxMDI4MDY0ODM2WjBAMT4wPAYDVQQDDDVmYXN0aWZ5LWJvdW5kLXRva2VuIHByb2JlOiBub3QgYSBjZXJ0aWZpY2F0ZSB0' +
  'byB0cnVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAOPTXfJN0qusD1FBxFtPeKaqgMCMoXibRHxQ5PpyKsYG0VIcFkF8HAJtpvCixGGQw+tR1xTevqQLxP7D24BTHajUzBRMB0G' +
  'A1UdDgQWBBSAWgmWUDRvBdjkiSAur4orAl1qfjAfBgNVHSMEGDAWgBSAWgmWUDRvBdjkiSAur4orAl1qfjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFpa/P6v0ZRz' +
  'BOBuBmNjjQR23anNSWFndNPxj7hUPoJdAiB7jjd11tUGujF4xBfic9MRF/BimLfybDvshhttrOXlIw=='
const serial = { start: 20, end: 44 }

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

type Written = readonly [value: string, marker: string]

/** By format: the value, and what stands in it of the 24 random letters and digits. */
const writers: Readonly<Record<FormatName, (base64: string, random: string) => Written>> = {
  pem: (base64, random) => [pem(base64, ' '), random],
  'url-pem': (base64, random) => [encodeURIComponent(pem(base64, '\n')), random],
  'base64-der': (base64, random) => [base64, random],
  'base64-der-list': (base64, random) => [base64, random],
  'base64-pem': (base64, random) => [Buffer.from(pem(base64, '\n')).toString('base64'), Buffer.from(random).toString('base64')],
  'hex-der': (base64, random) => [hex(base64), hex(random)],
  rfc9440: (base64, random) => [`:${base64}:`, random],
  xfcc: (base64, random) => [`Hash=${digest(base64).toString('hex')};Cert="${encodeURIComponent(pem(base64, '\n'))}"`, random],
  'x5t#S256': (base64) => thumbprint(digest(base64).toString('base64url')),
  'sha256-hex': (base64) => thumbprint(digest(base64).toString('hex')),
  'sha256-base64': (base64) => thumbprint(digest(base64).toString('base64'))
}

export function forge (format: FormatName): Forgery {
  const random = randomText()
  const base64 = template.slice(0, serial.start) + random + template.slice(serial.end)
  const [value, marker] = writers[format](base64, random)
  return { marker, value, thumbprint: digest(base64).toString('base64url') }
}

function randomText (): string {
  const pick = (from: number, to: number): string => letters[randomInt(from, to)] as string
  // The first one keeps the number positive and its encoding the shortest.
  return pick(1, 26) + Array.from({ length: serial.end - serial.start - 1 }, () => pick(0, letters.length)).join('')
}

/** With a line break in every place where OpenSSL has one. */
function pem (base64: string, lineBreak: string): string {
  return ['-----BEGIN CERTIFICATE-----', ...base64.match(/.{1,64}/g) ?? [], '-----END CERTIFICATE-----'].join(lineBreak)
}

function hex (base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex').toUpperCase()
}

function digest (base64: string): Buffer {
  return hash('sha256', Buffer.from(base64, 'base64'), 'buffer')
}

function thumbprint (value: string): Written {
  return [value, value.slice(0, 40)]
}
