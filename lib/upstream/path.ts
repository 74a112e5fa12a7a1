// Control signs, slashes and backslashes that only one side may decode.
const encodedSeparator = /%(?:[01][0-9a-f]|7f|2f|5c)/i
// eslint-disable-next-line no-control-regex
const plainSeparator = /[\\;#\u0000-\u001f\u007f]/

/**
 * Whether router and upstream could read a path in two ways, so that the policy of one route would decide about another:
 * dot segments, empty segments, parameters (`;`), encoded separators, each also encoded twice, and absolute-form.
 */
export function isAmbiguousPath (path: string): boolean {
  if (!path.startsWith('/') || path.includes('//')) return true
  let text = path
  for (let round = 0; round < 2; round++) {
    if (encodedSeparator.test(text) || plainSeparator.test(text)) return true
    try {
      text = decodeURIComponent(text)
    } catch {
      // A bare percent sign is legal in the second round only: it was `%25` in the first.
      return round === 0
    }
    if (plainSeparator.test(text) || text.split('/').some((segment) => segment === '.' || segment === '..')) return true
  }
  return false
}
