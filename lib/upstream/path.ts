// Control signs, slashes and backslashes that only one side may decode.
const encodedSeparator = /%(?:[01][0-9a-f]|7f|2f|5c)/i
// eslint-disable-next-line no-control-regex
const plainSeparator = /[\\;#\u0000-\u001f\u007f]/
// RFC 3986 section 2.2, but those above: the router leaves them encoded, an upstream may not.
const encodedReserved = /%(?:24|26|2b|2c|3a|3d|40)/i
const reserved = /[$&+,=@]|::/

// Nearly every path: nothing in it can be read in two ways but an empty segment.
const plain = /^[/\w~-]*$/

// Segments that begin or end with two dots are refused with the others: reply-from does not tell them apart.
const dotSegment = /(?:^|\/)\.(?:\/|$)|\/\.\.|\.\.(?:\/|$)/

/**
 * Whether router and upstream could read a path in two ways, so that the policy of one route would decide about another:
 * dot segments, empty segments, parameters (`;`), encoded separators, each also encoded twice, and absolute-form.
 */
export function isAmbiguousPath (path: string): boolean {
  if (!path.startsWith('/') || path.includes('//')) return true
  if (plain.test(path)) return false
  if (!path.includes('%')) return plainSeparator.test(path) || dotSegment.test(path)
  if (!isPercentEncoded(path)) return true
  const once = decodeBytes(path)
  const twice = decodeBytes(once)
  // URL parsers take an encoded dot for a dot without decoding anything else (WHATWG URL, section 4.4).
  return [path, once].some((text) => encodedSeparator.test(text)) ||
    [path, once, twice.replace(/%2e/gi, '.')].some((text) => plainSeparator.test(text) || dotSegment.test(text))
}

/** Whether a route's pattern holds a sign that could also come encoded, and then would not match it. */
export function hasReserved (pattern: string): boolean {
  return reserved.test(pattern)
}

export function hasEncodedReserved (path: string): boolean {
  return encodedReserved.test(path) || encodedReserved.test(decodeBytes(path))
}

/** RFC 3986 section 2.1, of UTF-8. */
function isPercentEncoded (path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** Leaves a bare percent sign, which `%25` becomes, where it is: what stands beside it must still be looked at. */
function decodeBytes (text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
