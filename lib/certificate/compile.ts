import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { OptionsError } from '../errors.ts'
import { foldName } from '../field-name.ts'
import { defaultOf, CertificateSchema, type CertificateOptions } from '../options.ts'
import { commaFormats, formats, type FormatName } from './formats.ts'
import { presets, type Preset } from './presets.ts'
import { certificateBy, headerSource, tlsSource, type CertificateSource, type Decoded } from './source.ts'
import { thumbprintFormats } from './thumbprint-formats.ts'
import { trustedPeers } from './trusted-proxy.ts'
import { readXfcc } from './xfcc.ts'

const schemas = CertificateSchema.properties
const xfccSchemas = schemas.xfcc.properties
const reserved = new Set(['authorization', 'connection', 'content-length', 'cookie', 'forwarded', 'host', 'transfer-encoding', 'x-forwarded-for'])

/**
 * Options of a certificate source, already of the right types, to the source. What does not fit together stops the boot.
 *
 * @param speaksTls - whether Fastify terminates TLS itself
 * @throws OptionsError
 */
export function compileCertificateSource (options: CertificateOptions, path: string, speaksTls = false): CertificateSource {
  if (options.source === 'tls') {
    const other = Object.entries(options).find(([name, value]) => name !== 'source' && value !== undefined)?.[0]
    if (other !== undefined) throw new OptionsError(`${path}.${other}: has no meaning with source "tls"; allowed: source "header", or no ${other}`)
    if (!speaksTls) {
      throw new OptionsError(`${path}.source: found "tls", but this server does not speak TLS; allowed: "header", or Fastify({ https: { requestCert: true, … } })`)
    }
    return tlsSource()
  }
  const preset: Preset | undefined = options.preset === undefined ? undefined : presets[options.preset]
  const header = options.header ?? preset?.header
  const format = options.format ?? preset?.format
  const { trustedProxies } = options
  if (header === undefined) throw new OptionsError(`${path}.header: missing; allowed: the name of a header, or a preset (${Object.keys(presets).join(', ')})`)
  if (format === undefined) throw new OptionsError(`${path}.format: missing; allowed: ${schemas.format['allowed']}, or a preset (${Object.keys(presets).join(', ')})`)
  if (trustedProxies === undefined) {
    throw new OptionsError(`${path}.trustedProxies: missing; without it every caller could forge a certificate; allowed: ${schemas.trustedProxies['allowed']}`)
  }
  const verified = options.verified ?? preset?.verified ?? false
  refuseReserved(header, `${path}.header`)
  if (verified !== false) refuseReserved(verified.header, `${path}.verified.header`)
  if (verified !== false && foldName(verified.header) === foldName(header)) {
    throw new OptionsError(`${path}.verified.header: found the header of the certificate; allowed: another name`)
  }
  if (options.secretName !== undefined) refuseShortName(options.secretName, options.header, path)
  return headerSource({
    header,
    decode: decoderOf(format, options.xfcc, `${path}.xfcc`),
    mayLackCertificate: typeof format === 'string' && (format in thumbprintFormats || format === 'xfcc'),
    hasCommas: typeof format === 'string' && commaFormats.has(format),
    isTrusted: trustedPeers(trustedProxies, `${path}.trustedProxies`),
    verified,
    maxBytes: options.maxBytes ?? defaultOf<number>(schemas.maxBytes)
  })
}

function decoderOf (format: FormatName | CertificateDecoder, xfcc: CertificateOptions['xfcc'], path: string): (value: string) => Decoded {
  if (format === 'xfcc') {
    const { elements = defaultOf<number>(xfccSchemas.elements), client } = xfcc ?? {}
    if (elements > 1 && client === undefined) throw new OptionsError(`${path}.client: missing; with ${elements} elements one of "first" and "last" is the client, and the other a proxy`)
    return (value) => readXfcc(value, { elements, client: client ?? 'last' })
  }
  if (xfcc !== undefined) throw new OptionsError(`${path}: has no meaning with another format; allowed: with format "xfcc"`)
  if (typeof format === 'function') return certificateBy(format)
  if (format in thumbprintFormats) return (value) => ({ digest: thumbprintFormats[format as keyof typeof thumbprintFormats](value) })
  return certificateBy(formats[format as keyof typeof formats])
}

function refuseReserved (name: string, path: string): void {
  if (reserved.has(name.toLowerCase())) throw new OptionsError(`${path}: found "${name}", which has a meaning of its own; allowed: another name`)
}

function refuseShortName (secretName: { minLength?: number }, header: string | undefined, path: string): void {
  const least = secretName.minLength ?? defaultOf<number>(schemas.secretName.properties.minLength)
  if (header === undefined) throw new OptionsError(`${path}.header: missing; a secret name cannot come from a preset; allowed: a name of at least ${least} characters`)
  if (header.length < least) throw new OptionsError(`${path}.header: found a name of ${header.length} characters; allowed: at least ${least}, since it is a secret`)
}
