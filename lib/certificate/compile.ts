import type { CertificateDecoder } from '../../types/client-certificate.ts'
import { OptionsError } from '../errors.ts'
import { foldName } from '../field-name.ts'
import { defaultOf, CertificateSchema, type CertificateOptions } from '../options.ts'
import { commaFormats, formats, type FormatName } from './formats.ts'
import { presets, type Preset } from './presets.ts'
import { splitChain } from './chain.ts'
import { appendable, chainFormats } from './chain-formats.ts'
import { compileTrust } from './compile-trust.ts'
import { certificateMatch } from './match.ts'
import { certificateBy, headerSource, type CertificateSource, type Decoded, type HeaderSourceOptions } from './source.ts'
import { serverAuthorities } from './server-authorities.ts'
import { nowhere, type ServerTls, type Surroundings } from './surroundings.ts'
import { thumbprintFormats } from './thumbprint-formats.ts'
import { tlsSource } from './tls-source.ts'
import { trustedPeers } from './trusted-proxy.ts'
import { readXfcc } from './xfcc.ts'

const schemas = CertificateSchema.properties
const xfccSchemas = schemas.xfcc.properties
const reserved = new Set(['authorization', 'connection', 'content-length', 'cookie', 'forwarded', 'host', 'transfer-encoding', 'x-forwarded-for'])

/**
 * Options of a certificate source, already of the right types, to the source. What does not fit together stops the boot.
 *
 * @throws OptionsError
 */
export function compileCertificateSource (options: CertificateOptions, path: string, surroundings: Surroundings = nowhere): CertificateSource {
  const match = options.match === undefined ? undefined : certificateMatch(options.match, `${path}.match`)
  if (options.source === 'tls') {
    return tlsSource(match, serverAuthorities(serverOf(options, path, surroundings)))
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
  if (options.secretName !== undefined) refuseShortName(options.secretName, options.header, path)
  for (const name of ['match', 'trust'] as const) {
    if (options[name] === undefined || typeof format !== 'string' || !(format in thumbprintFormats)) continue
    throw new OptionsError(`${path}.${name}: has no meaning with the format "${format}", which has neither names nor issuer; allowed: a format that holds the certificate`)
  }
  const verified = options.verified ?? preset?.verified ?? false
  const maxBytes = options.maxBytes ?? defaultOf<number>(schemas.maxBytes)
  const peers = trustedPeers(trustedProxies, `${path}.trustedProxies`, surroundings)
  const chain = chainHeader(options.chain, maxBytes)
  refuseTwice(path, {
    header,
    'verified.header': verified === false ? undefined : verified.header,
    'chain.header': chain?.header,
    'trustedProxies.secretHeader.name': peers.secretHeader
  })
  return headerSource({
    header,
    decode: decoderOf(format, options, path),
    readsAnew: typeof format === 'function',
    mayLackCertificate: typeof format === 'string' && (format in thumbprintFormats || format === 'xfcc'),
    hasCommas: typeof format === 'string' && commaFormats.has(format),
    isTrusted: peers.isTrusted,
    secretHeader: peers.secretHeader,
    verified,
    chain,
    match,
    trust: options.trust === undefined ? undefined : compileTrust(options.trust, `${path}.trust`, surroundings),
    maxBytes,
    ready: peers.ready
  })
}

function serverOf (options: CertificateOptions, path: string, { server }: Surroundings): ServerTls {
  const other = Object.entries(options).find(([name, value]) => name !== 'source' && name !== 'match' && value !== undefined)?.[0]
  if (other !== undefined) throw new OptionsError(`${path}.${other}: has no meaning with source "tls"; allowed: source "header", or no ${other}`)
  if (server === null) {
    throw new OptionsError(`${path}.source: found "tls", but this server does not speak TLS; allowed: "header", or Fastify({ https: { requestCert: true, … } })`)
  }
  if (options.match !== undefined && server.authorities() === undefined) {
    throw new OptionsError(`${path}.match: this server has no authority of its own, so that every public one could vouch for a name; allowed: with Fastify({ https: { ca, … } })`)
  }
  return server
}

function chainHeader (chain: CertificateOptions['chain'], maxBytes: number): HeaderSourceOptions['chain'] {
  if (chain === undefined || chain === 'appended') return undefined
  return { header: chain.header, decode: chainFormats[chain.format], startsWithLeaf: chain.leaf === 'first', maxBytes }
}

function decoderOf (format: FormatName | CertificateDecoder, { xfcc, chain }: CertificateOptions, path: string): (value: string) => Decoded {
  const isAppended = chain === 'appended'
  if (format === 'xfcc') {
    const { elements = defaultOf<number>(xfccSchemas.elements), client } = xfcc ?? {}
    if (elements > 1 && client === undefined) throw new OptionsError(`${path}.xfcc.client: missing; with ${elements} elements one of "first" and "last" is the client, and the other a proxy`)
    return (value) => readXfcc(value, { elements, client: client ?? 'last', withChain: isAppended })
  }
  if (xfcc !== undefined) throw new OptionsError(`${path}.xfcc: has no meaning with another format; allowed: with format "xfcc"`)
  if (isAppended) {
    const found = appendable.find((name) => name === format)
    if (found === undefined) throw new OptionsError(`${path}.chain: found "appended", but nothing follows a certificate in this format; allowed: with ${appendable.join(', ')}, xfcc`)
    return splitChain(found)
  }
  if (typeof format === 'function') return certificateBy(format)
  if (format in thumbprintFormats) return (value) => ({ digest: thumbprintFormats[format as keyof typeof thumbprintFormats](value) })
  return certificateBy(formats[format as keyof typeof formats])
}

/** Two readings of one header, or a header that has a meaning of its own. */
function refuseTwice (path: string, names: Readonly<Record<string, string | undefined>>): void {
  const seen = new Map<string, string>()
  for (const [option, name] of Object.entries(names)) {
    if (name === undefined) continue
    if (reserved.has(name.toLowerCase())) throw new OptionsError(`${path}.${option}: found "${name}", which has a meaning of its own; allowed: another name`)
    const other = seen.get(foldName(name))
    if (other !== undefined) throw new OptionsError(`${path}.${option}: found the same header as in ${path}.${other}; allowed: another name`)
    seen.set(foldName(name), option)
  }
}

function refuseShortName (secretName: { minLength?: number }, header: string | undefined, path: string): void {
  const least = secretName.minLength ?? defaultOf<number>(schemas.secretName.properties.minLength)
  if (header === undefined) throw new OptionsError(`${path}.header: missing; a secret name cannot come from a preset; allowed: a name of at least ${least} characters`)
  if (header.length < least) throw new OptionsError(`${path}.header: found a name of ${header.length} characters; allowed: at least ${least}, since it is a secret`)
}
