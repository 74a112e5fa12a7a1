import { contentOf, expectTag, objectIdentifier, tags, type Element } from './der.ts'

/** The extensions that are processed, and so may be critical (RFC 5280 section 4.2). */
export const oids = Object.freeze({
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54'
})

export const anyPolicy = '2.5.29.32.0'

export interface BasicConstraints {
  readonly cA: boolean
  readonly pathLenConstraint?: number
}

/** Section 4.2.1.9. @throws SyntaxError */
export function readBasicConstraints (element: Element): BasicConstraints {
  const parts = [...expectTag(element, tags.sequence).children]
  const cA = parts[0]?.tag === tags.boolean && contentOf(parts.shift() as Element)[0] === 0xff
  const [length, ...more] = parts
  if (more.length > 0) throw new SyntaxError('basicConstraints has at most two parts')
  if (length === undefined) return { cA }
  if (!cA) throw new SyntaxError('a path length without cA')
  return { cA, pathLenConstraint: readCount(expectTag(length, tags.integer)) }
}

/** Section 4.2.1.3: a set of bit numbers. @throws SyntaxError */
export function readKeyUsage (element: Element): ReadonlySet<number> {
  const content = contentOf(expectTag(element, tags.bitString))
  // Nine bits have a name.
  if (content.length > 3) throw new SyntaxError('a keyUsage of more bits than there are')
  const [, ...octets] = content
  const bits = new Set(octets.flatMap((octet, index) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (octet & (0x80 >> bit)) !== 0).map((bit) => index * 8 + bit)))
  if (bits.size === 0) throw new SyntaxError('a keyUsage that allows nothing')
  return bits
}

export const usages = Object.freeze({ digitalSignature: 0, keyAgreement: 4, keyCertSign: 5, cRLSign: 6 })

/** Section 4.2.1.12. @throws SyntaxError */
export function readExtendedKeyUsage (element: Element): ReadonlySet<string> {
  const purposes = listOf(element).map(objectIdentifier)
  return new Set(purposes)
}

export const purposes = Object.freeze({ clientAuth: '1.3.6.1.5.5.7.3.2', ocspSigning: '1.3.6.1.5.5.7.3.9', any: '2.5.29.37.0' })

const knownQualifiers = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2'])

export interface CertificatePolicies {
  readonly policies: ReadonlySet<string>
  /** Section 4.2.1.4: in a critical extension they have to be understood, or the path is refused. */
  readonly hasUnknownQualifier: boolean
}

/** Section 4.2.1.4. @throws SyntaxError */
export function readCertificatePolicies (element: Element): CertificatePolicies {
  let hasUnknownQualifier = false
  const list = listOf(element).map((information) => {
    const [policy, qualifiers, ...more] = expectTag(information, tags.sequence).children
    if (more.length > 0) throw new SyntaxError('a policy has at most qualifiers')
    for (const qualifier of qualifiers === undefined ? [] : listOf(qualifiers)) {
      if (!knownQualifiers.has(objectIdentifier(expectTag(qualifier, tags.sequence).children[0]))) hasUnknownQualifier = true
    }
    return objectIdentifier(policy)
  })
  const policies = new Set(list)
  if (policies.size !== list.length) throw new SyntaxError('a policy that is there twice')
  return { policies, hasUnknownQualifier }
}

/** Section 4.2.1.5: to each policy of the issuer those of the subject that stand for it. @throws SyntaxError */
export function readPolicyMappings (element: Element): ReadonlyMap<string, ReadonlySet<string>> {
  const mappings = new Map<string, Set<string>>()
  for (const mapping of listOf(element)) {
    const [issuerDomain, subjectDomain, ...more] = expectTag(mapping, tags.sequence).children
    if (more.length > 0) throw new SyntaxError('a mapping has two policies')
    const from = objectIdentifier(issuerDomain)
    const to = objectIdentifier(subjectDomain)
    // Section 6.1.4 (a).
    if (from === anyPolicy || to === anyPolicy) throw new SyntaxError('a mapping of anyPolicy')
    mappings.set(from, (mappings.get(from) ?? new Set()).add(to))
  }
  return mappings
}

export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number
  readonly inhibitPolicyMapping?: number
}

/** Section 4.2.1.11. @throws SyntaxError */
export function readPolicyConstraints (element: Element): PolicyConstraints {
  const parts = [...listOf(element)]
  const requireExplicitPolicy = parts[0]?.tag === 0x80 ? readCount(parts.shift() as Element) : undefined
  const inhibitPolicyMapping = parts[0]?.tag === 0x81 ? readCount(parts.shift() as Element) : undefined
  if (parts.length > 0) throw new SyntaxError('policyConstraints with a part that is not known')
  return { ...requireExplicitPolicy !== undefined && { requireExplicitPolicy }, ...inhibitPolicyMapping !== undefined && { inhibitPolicyMapping } }
}

/** Section 4.2.1.14. @throws SyntaxError */
export function readInhibitAnyPolicy (element: Element): number {
  return readCount(expectTag(element, tags.integer))
}

function listOf (element: Element): readonly Element[] {
  const { children } = expectTag(element, tags.sequence)
  if (children.length === 0) throw new SyntaxError('an empty list')
  return children
}

/** INTEGER (0..MAX). What is longer than any path has no limit to us. */
function readCount (element: Element): number {
  const content = contentOf(element)
  const isPadded = content.length > 1 && content[0] === 0 && (content[1] as number) < 0x80
  if (content.length === 0 || isPadded || (content[0] as number) >= 0x80) throw new SyntaxError('not a number from 0 on')
  return content.length > 4 ? Infinity : content.reduce((number, octet) => number * 256 + octet, 0)
}
