import { contentOf, expectTag, objectIdentifier, tags, type Element } from './der.ts'
import { readName, type Name } from './name.ts'

/** RFC 5280 section 4.2.1.6. Of a form that no constraint is compared with here, only its kind is known. */
export type GeneralName =
  | { readonly form: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier', readonly value: string }
  | { readonly form: 'iPAddress', readonly value: Uint8Array }
  | { readonly form: 'directoryName', readonly value: Name }
  | { readonly form: OpaqueForm }

export type OpaqueForm = 'otherName' | 'smtpUtf8Mailbox' | 'x400Address' | 'ediPartyName' | 'registeredID'

const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9'

/** @throws SyntaxError */
export function readGeneralName (element: Element | undefined): GeneralName {
  switch (element?.tag) {
    case 0xa0: return { form: objectIdentifier(element.children[0]) === smtpUtf8Mailbox ? 'smtpUtf8Mailbox' : 'otherName' }
    case 0x81: return { form: 'rfc822Name', value: ia5(element) }
    case 0x82: return { form: 'dNSName', value: ia5(element) }
    case 0xa3: return { form: 'x400Address' }
    case 0xa4: return { form: 'directoryName', value: readName(only(element)) }
    case 0xa5: return { form: 'ediPartyName' }
    case 0x86: return { form: 'uniformResourceIdentifier', value: ia5(element) }
    case 0x87: return { form: 'iPAddress', value: contentOf(element) }
    case 0x88: return { form: 'registeredID' }
    default: throw new SyntaxError('not a general name')
  }
}

/** @throws SyntaxError */
export function readGeneralNames (element: Element): readonly GeneralName[] {
  const names = expectTag(element, tags.sequence).children.map(readGeneralName)
  if (names.length === 0) throw new SyntaxError('no general name in the list')
  if (names.some((name) => name.form === 'iPAddress' && name.value.length !== 4 && name.value.length !== 16)) throw new SyntaxError('an address is of 4 or 16 octets')
  return names
}

// IA5String. A control character in a name has only ever been there to make two readers see two names.
function ia5 (element: Element): string {
  const content = contentOf(element)
  if (content.some((octet) => octet < 0x20 || octet > 0x7e)) throw new SyntaxError('a name with other characters than printable ones of ASCII')
  return Buffer.from(content).toString('latin1')
}

function only (element: Element): Element {
  const [name, ...more] = element.children
  if (name === undefined || more.length > 0) throw new SyntaxError('not exactly one name')
  return name
}
