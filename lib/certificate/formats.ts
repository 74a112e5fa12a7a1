import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { base64Der } from './format/base64-der.ts'
import { base64Pem } from './format/base64-pem.ts'
import { pem } from './format/pem.ts'
import { rfc9440 } from './format/rfc9440.ts'
import { urlPem } from './format/url-pem.ts'

/** Every header format by its name. None is ever guessed from the value: a guess would let a client pick the weakest. */
export const formats = {
  pem,
  'url-pem': urlPem,
  'base64-der': base64Der,
  'base64-pem': base64Pem,
  rfc9440
} as const satisfies Record<string, CertificateDecoder>

export type FormatName = keyof typeof formats
