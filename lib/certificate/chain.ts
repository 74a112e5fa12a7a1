import { refuse } from '../errors.ts'
import { appendable, chainFormats, type ChainDecoder } from './chain-formats.ts'
import { refuseUnlessOneCertificate } from './client-certificate.ts'
import { isPlaceholder } from './placeholder.ts'

export interface ChainOptions {
  readonly decode: ChainDecoder
  /** Whether the client's own certificate stands before its chain. */
  readonly startsWithLeaf: boolean
  readonly maxBytes: number
}

/**
 * The certificates of a chain header, without the client's own. A chain may be lost (a resumed session has none), so that none is
 * no fault; one that cannot be read is.
 *
 * @param value - undefined where there is no such header
 * @param leaf - DER of the client's own certificate
 * @throws Refusal
 */
export function readChain (value: string | undefined, leaf: Uint8Array, { decode, startsWithLeaf, maxBytes }: ChainOptions): readonly Buffer[] {
  if (value === undefined || isPlaceholder(value)) return []
  if (value.length > maxBytes) throw refuse('certificate_too_large', 'the chain')
  return checked(startsWithLeaf ? withoutLeaf(decode(value), leaf) : decode(value))
}

/** A header that holds the client's certificate and then its chain, to the two. */
export function splitChain (format: typeof appendable[number]): (value: string) => { der: Uint8Array, chain: readonly Uint8Array[] } {
  return (value) => {
    const [der, ...chain] = chainFormats[format](value)
    if (der === undefined) throw refuse('certificate_malformed', 'no certificate')
    return { der, chain }
  }
}

/** Certificates of a chain are exact, like the client's own. */
export function checked (chain: readonly Uint8Array[]): readonly Buffer[] {
  for (const each of chain) refuseUnlessOneCertificate(each)
  return chain.map((each) => Buffer.from(each))
}

/** Who says that the client's certificate comes first, but sends another there, is not read. */
export function withoutLeaf (chain: readonly Uint8Array[], leaf: Uint8Array): readonly Uint8Array[] {
  const [first, ...rest] = chain
  if (first !== undefined && !Buffer.from(first).equals(leaf)) throw refuse('certificate_ambiguous', 'a chain of another certificate')
  return rest
}
