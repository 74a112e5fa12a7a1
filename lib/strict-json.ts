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

const stringLiteral = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const colon = /[ \t\n\r]*:/y

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
        stringLiteral.lastIndex = i
        const literal = (stringLiteral.exec(text) as RegExpExecArray)[0]
        i += literal.length - 1
        colon.lastIndex = i + 1
        if (!colon.test(text)) break
        const name = JSON.parse(literal) as string
        const names = open.at(-1) as Set<string>
        if (names.has(name)) return false
        names.add(name)
      }
    }
  }
  return true
}
