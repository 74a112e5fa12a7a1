/** One value in DER, as positions in the bytes that were read. */
export interface Element {
  readonly source: Uint8Array
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number
  readonly start: number
  readonly contentStart: number
  readonly end: number
  /** Empty in a primitive value. */
  readonly children: readonly Element[]
}

/** How many values may still be read; below zero nothing more is. Shared by what belongs together. */
export interface Allowance { left: number }

const mostElements = 16_384
const deepest = 24

export const tags = Object.freeze({
  boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30, set: 0x31, utcTime: 0x17, generalizedTime: 0x18
})

/**
 * Reads exactly one value with everything in it, by a loop: however deep it is nested, the stack does not grow. What X.690
 * section 10 and 11 leave to the reader is refused: indefinite and padded lengths, padded integers, other booleans than 00 and FF.
 * A value inside an OCTET STRING or BIT STRING is not looked into.
 *
 * @throws SyntaxError
 */
export function readDer (source: Uint8Array, allowance: Allowance = { left: mostElements }): Element {
  const root = readHeader(source, 0, source.length)
  if (root.end !== source.length) throw new SyntaxError('bytes after the value')
  const open = isConstructed(root.tag) ? [{ element: root, next: root.contentStart }] : []
  while (open.length > 0) {
    const top = open[open.length - 1] as { element: OpenElement, next: number }
    if (top.next === top.element.end) {
      open.pop()
      continue
    }
    const child = readHeader(source, top.next, top.element.end)
    if (--allowance.left < 0) throw new SyntaxError('too many values')
    top.element.children.push(child)
    top.next = child.end
    if (!isConstructed(child.tag)) continue
    if (open.length >= deepest) throw new SyntaxError('nested too deep')
    open.push({ element: child, next: child.contentStart })
  }
  return root
}

export interface OpenElement extends Element { readonly children: Element[] }

function isConstructed (tag: number): boolean {
  return (tag & 0x20) !== 0
}

/** One value without what is in it, for what is too long to be read at once. @throws SyntaxError */
export function readHeader (source: Uint8Array, start: number, limit: number): OpenElement {
  const tag = source[start] ?? 0
  const first = source[start + 1]
  if (first === undefined || start + 2 > limit) throw new SyntaxError('a value is cut off')
  if ((tag & 0x1f) === 0x1f) throw new SyntaxError('a tag in the long form')
  let length = first
  let contentStart = start + 2
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 3) throw new SyntaxError('an indefinite or oversized length')
    if (contentStart + octets > limit) throw new SyntaxError('a value is cut off')
    length = 0
    for (let index = 0; index < octets; index++) length = length * 256 + (source[contentStart + index] as number)
    contentStart += octets
    if (length < 0x80 || length < 256 ** (octets - 1)) throw new SyntaxError('a padded length')
  }
  const end = contentStart + length
  if (end > limit) throw new SyntaxError('a value is cut off')
  refuseOtherThanDer(source, tag, contentStart, end)
  return { source, tag, start, contentStart, end, children: [] }
}

function refuseOtherThanDer (source: Uint8Array, tag: number, start: number, end: number): void {
  if (tag >= 0x40) return
  const number = tag & 0x1f
  const composed = number === 0x10 || number === 0x11 || number === 0x08 || number === 0x0b
  if (isConstructed(tag) !== composed) throw new SyntaxError('a string in pieces, or a primitive sequence')
  const length = end - start
  const first = source[start] as number
  if (tag === tags.boolean && (length !== 1 || (first !== 0 && first !== 0xff))) throw new SyntaxError('a boolean that is neither 00 nor FF')
  if (tag === tags.null && length !== 0) throw new SyntaxError('a NULL with content')
  if (tag === tags.integer) {
    if (length === 0) throw new SyntaxError('an integer without content')
    const second = source[start + 1] as number
    if (length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) throw new SyntaxError('a padded integer')
  }
  if (tag === tags.bitString) {
    if (length === 0 || first > 7 || (length === 1 && first !== 0)) throw new SyntaxError('a bit string without its count of unused bits')
    if (((source[end - 1] as number) & ((1 << first) - 1)) !== 0 && length > 1) throw new SyntaxError('unused bits that are set')
  }
}

/** The bytes of the value with its header. */
export function derOf (element: Element): Uint8Array {
  return element.source.subarray(element.start, element.end)
}

/** The bytes of the value without its header. */
export function contentOf (element: Element): Uint8Array {
  return element.source.subarray(element.contentStart, element.end)
}

/** @throws SyntaxError where the value is of another type */
export function expectTag (element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new SyntaxError(`a value is not of the type ${tag.toString(16)}`)
  return element
}

/** In the dotted form. @throws SyntaxError */
export function objectIdentifier (element: Element | undefined): string {
  const content = contentOf(expectTag(element, tags.oid))
  if (content.length === 0 || content.length > 64 || (content[content.length - 1] as number) >= 0x80) throw new SyntaxError('not an object identifier')
  const arcs: Array<number | bigint> = []
  let arc: number | bigint = 0
  let isFirstOctet = true
  for (const octet of content) {
    if (isFirstOctet && octet === 0x80) throw new SyntaxError('a padded object identifier')
    // Arcs of UUIDs (2.25) have 128 bits.
    arc = typeof arc === 'number' && arc < 2 ** 40 ? arc * 128 + (octet & 0x7f) : BigInt(arc) * 128n + BigInt(octet & 0x7f)
    isFirstOctet = octet < 0x80
    if (!isFirstOctet) continue
    arcs.push(arc)
    arc = 0
  }
  const [head = 0, ...rest] = arcs
  if (typeof head === 'bigint') return [2, head - 80n, ...rest].join('.')
  const top = Math.min(2, Math.floor(head / 40))
  return [top, head - top * 40, ...rest].join('.')
}

/** The octets of a BIT STRING of whole octets: a key or a signature. @throws SyntaxError */
export function wholeOctets (element: Element | undefined): Uint8Array {
  const content = contentOf(expectTag(element, tags.bitString))
  if (content[0] !== 0) throw new SyntaxError('a bit string that is not of whole octets')
  return content.subarray(1)
}
