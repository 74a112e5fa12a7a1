import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { base64Der } from './format/base64-der.ts'
import { base64DerList } from './format/base64-der-list.ts'
import { base64Pem } from './format/base64-pem.ts'
import { hexDer } from './format/hex-der.ts'
import { pem } from './format/pem.ts'
import { rfc9440 } from './format/rfc9440.ts'
import { urlPem } from './format/url-pem.ts'
import { thumbprintFormats } from './thumbprint-formats.ts'

/** Every header format that holds a certificate. None is ever guessed from the value: a guess would let a client pick the weakest. */
export const formats = {
  pem,
  'url-pem': urlPem,
  'base64-der': base64Der,
  'base64-der-list': base64DerList,
  'base64-pem': base64Pem,
  'hex-der': hexDer,
  rfc9440
} as const satisfies Record<string, CertificateDecoder>

/** Whose values may hold commas; in others a comma means that a proxy joined two lines. */
export const commaFormats: ReadonlySet<string> = new Set(['base64-der-list', 'xfcc'])

export type FormatName = keyof typeof formats | keyof typeof thumbprintFormats | 'xfcc'

/** Every name that `format` may have. */
export const formatNames = [...Object.keys(formats), ...Object.keys(thumbprintFormats), 'xfcc'] as FormatName[]
