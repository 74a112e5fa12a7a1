import { readExtension, type Extension } from '../certificate.ts'
import { expectTag, tags, type Element } from '../der.ts'

const mostExtensions = 100

/** Extensions of a CRL, of an entry in one, or of an OCSP answer, by object identifier. @throws SyntaxError */
export function readExtensionList (list: Element | undefined): ReadonlyMap<string, Extension> {
  const { children } = expectTag(list, tags.sequence)
  if (children.length === 0 || children.length > mostExtensions) throw new SyntaxError('extensions are at least one, and not hundreds')
  const extensions = new Map(children.map(readExtension).map((extension) => [extension.oid, extension]))
  if (extensions.size !== children.length) throw new SyntaxError('an extension that is there twice')
  return extensions
}

export const noExtensions: ReadonlyMap<string, Extension> = Object.freeze(new Map<string, Extension>())
