import { contentOf, expectTag, type Element } from '../der.ts'

// RFC 5280 section 5.3.1; 7 is not used.
const names = [
  'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'unspecified',
  'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'
] as const

export type RevocationReason = typeof names[number]

/** A number that has no name says that something is revoked all the same. @throws SyntaxError */
export function readReason (element: Element | undefined): RevocationReason {
  const [number = NaN, ...more] = contentOf(expectTag(element, 0x0a))
  if (more.length > 0 || Number.isNaN(number)) throw new SyntaxError('a reason is one octet')
  return names[number] ?? 'unspecified'
}
