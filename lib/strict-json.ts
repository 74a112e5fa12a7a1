/** Far deeper than any claim; what walks claims later may recurse. */
const maxDepth = 32

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * JSON in UTF-8 without BOM (RFC 8259 section 8.1), one object, no member twice: two readers of `{"active":true,
 * "active":false}` must not come to two answers.
 *
 * @returns null for anything else
 */
export function parseStrictJsonObject (bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    return isUnambiguous(text) ? value as Record<string, unknown> : null
  } catch {
    return null
  }
}

/** Walks text that is known to be JSON: every string before a colon is a member's name in the innermost open object. */
function isUnambiguous (text: string): boolean {
  const open: Array<Set<string>> = []
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        if (open.push(new Set()) > maxDepth) return false
        break
      case '}':
      case ']':
        open.pop()
        break
      case '"': {
        const begin = i
        i = endOfString(text, begin)
        if (!isBeforeColon(text, i)) break
        const literal = text.slice(begin, i + 1)
        const name = literal.includes('\\') ? JSON.parse(literal) as string : literal.slice(1, -1)
        const names = open.at(-1) as Set<string>
        if (names.has(name)) return false
        names.add(name)
      }
    }
  }
  return true
}

/** Where the string ends that begins here: its next quotation mark that no backslash takes away. */
function endOfString (text: string, begin: number): number {
  let i = begin + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

function isBeforeColon (text: string, end: number): boolean {
  let i = end + 1
  while (text[i] === ' ' || text[i] === '\t' || text[i] === '\n' || text[i] === '\r') i++
  return text[i] === ':'
}
