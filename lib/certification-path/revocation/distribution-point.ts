import type { Certificate } from '../certificate.ts'
import { contentOf, expectTag, readDer, tags, type Element } from '../der.ts'
import { readGeneralName, type GeneralName } from '../general-name.ts'
import { isSameName } from '../name.ts'

/** RFC 5280 section 4.2.1.13. */
export interface DistributionPoint {
  /** Null where there is no `distributionPoint`; a name relative to the issuer is one that is equal to no other. */
  readonly names: readonly GeneralName[] | null
  readonly hasReasons: boolean
  readonly cRLIssuer: readonly GeneralName[] | null
}

const cRLDistributionPoints = '2.5.29.31'

/** @throws SyntaxError */
export function distributionPointsOf ({ extensions }: Certificate): readonly DistributionPoint[] {
  const extension = extensions.get(cRLDistributionPoints)
  if (extension === undefined) return []
  return expectTag(readDer(extension.value), tags.sequence).children.map(readDistributionPoint)
}

function readDistributionPoint (element: Element): DistributionPoint {
  const { children } = expectTag(element, tags.sequence)
  const fields = fieldsByTag(children, [0xa0, 0x81, 0xa2])
  const name = fields.get(0xa0)
  const cRLIssuer = fields.get(0xa2)
  return {
    names: name === undefined ? null : readDistributionPointName(name),
    hasReasons: fields.has(0x81),
    cRLIssuer: cRLIssuer === undefined ? null : cRLIssuer.children.map(readGeneralName)
  }
}

/** The names of a DistributionPointName; none for one that is relative to the issuer, which is not compared here. @throws SyntaxError */
export function readDistributionPointName ({ children: [name, ...more] }: Element): readonly GeneralName[] {
  if (name === undefined || more.length > 0) throw new SyntaxError('not one name of a distribution point')
  if (name.tag === 0xa1) return []
  return expectTag(name, 0xa0).children.map(readGeneralName)
}

/** Fields in their order, each at most once. @throws SyntaxError */
export function fieldsByTag (children: readonly Element[], order: readonly number[]): ReadonlyMap<number, Element> {
  const places = children.map(({ tag }) => order.indexOf(tag))
  if (!places.every((place, index) => place > (places[index - 1] ?? -1))) throw new SyntaxError('fields that are unknown, repeated or not in order')
  return new Map(children.map((child) => [child.tag, child]))
}

/** DEFAULT FALSE, so what is written is true. @throws SyntaxError */
export function readFlag (element: Element | undefined): boolean {
  if (element === undefined) return false
  const [octet, ...more] = contentOf(element)
  if (octet !== 0xff || more.length > 0) throw new SyntaxError('a boolean that is not TRUE')
  return true
}

/** Of the forms that name a place where a CRL is. */
export function isSameGeneralName (one: GeneralName, other: GeneralName): boolean {
  if (one.form === 'directoryName' && other.form === 'directoryName') return isSameName(one.value, other.value)
  return one.form === 'uniformResourceIdentifier' && other.form === 'uniformResourceIdentifier' && one.value === other.value
}

const authorityInfoAccess = '1.3.6.1.5.5.7.1.1'
// 1.3.6.1.5.5.7.48.1
const ocspMethod = '2b06010505073001'

/** The responders that a certificate names (section 4.2.2.1). @throws SyntaxError */
export function respondersOf ({ extensions }: Certificate): readonly string[] {
  const extension = extensions.get(authorityInfoAccess)
  if (extension === undefined) return []
  return expectTag(readDer(extension.value), tags.sequence).children.flatMap((description) => {
    const [method, location] = expectTag(description, tags.sequence).children
    if (Buffer.from(contentOf(expectTag(method, tags.oid))).toString('hex') !== ocspMethod) return []
    return urisOf([readGeneralName(location)])
  })
}

export function urisOf (names: readonly GeneralName[]): readonly string[] {
  return names.flatMap((name) => name.form === 'uniformResourceIdentifier' ? [name.value] : [])
}
