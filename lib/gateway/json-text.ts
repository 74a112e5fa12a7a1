import type { Node, ParseError } from 'jsonc-parser'
import { faultIn, offsetsOf, type FileText, type Offsets } from './file-text.ts'

type Fault = ReturnType<typeof faultIn>

const allowed = 'JSON, with comments and trailing commas'

/**
 * JSON with comments and trailing commas. Of two members with one name, which one counts would be anybody's guess: refused.
 *
 * @throws OptionsError with line and column
 */
export async function readJsonText (text: string, file: string): Promise<FileText> {
  const { default: jsonc } = await import('jsonc-parser')
  const fault = faultIn(file, text)
  const errors: ParseError[] = []
  const root = jsonc.parseTree(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined) throw fault(first.offset, wordsOf(jsonc.printParseErrorCode(first.error)), allowed)
  if (root === undefined) throw fault(0, 'nothing', allowed)
  const offsets = offsetsOf(fault)
  return { value: valueOf(root, '', offsets, fault), offsets: offsets.known }
}

function valueOf (node: Node, path: string, offsets: Offsets, fault: Fault): unknown {
  if (node.type === 'array') return (node.children ?? []).map((child, index) => valueOf(child, offsets.item(path, index, child.offset), offsets, fault))
  if (node.type !== 'object') return node.value
  const members: Record<string, unknown> = {}
  for (const { children: [name, member] = [] } of node.children ?? []) {
    if (name === undefined || member === undefined) throw fault(node.offset, 'a member without a value', allowed)
    const at = offsets.member(path, name.value as string, name.offset)
    if (Object.hasOwn(members, name.value as string)) throw fault(name.offset, 'a member a second time', 'each name once')
    members[name.value as string] = valueOf(member, at, offsets, fault)
  }
  return members
}

/** `CommaExpected` as words. */
function wordsOf (code: string): string {
  return `wrong JSON (${code.replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()})`
}
