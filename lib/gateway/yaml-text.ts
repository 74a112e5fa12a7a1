import type { Document, Node } from 'yaml'
import { faultIn, offsetsOf, type FileText, type Offsets } from './file-text.ts'

type Fault = ReturnType<typeof faultIn>
type Yaml = typeof import('yaml')

const allowed = 'one YAML 1.2 document of the core schema, without tags of its own and merge keys'

/** An alias inside what another one stands for counts each time that it is. */
const mostAliases = 100

/**
 * One YAML 1.2 document of the core schema: what JSON can hold, with comments and a few aliases.
 *
 * @throws OptionsError with line and column
 */
export async function readYamlText (text: string, file: string): Promise<FileText> {
  const yaml = await import('yaml')
  const fault = faultIn(file, text)
  const document = yaml.parseDocument(text, {
    schema: 'core', version: '1.2', merge: false, resolveKnownTags: false, strict: true, stringKeys: true, uniqueKeys: true, prettyErrors: false, logLevel: 'error'
  })
  // A tag that nobody knows is only a warning there. Of a line that has several faults, what comes first is the cause.
  const [first] = [...document.errors, ...document.warnings].sort((one, other) => one.pos[0] - other.pos[0])
  if (first !== undefined) throw fault(first.pos[0], `wrong YAML (${wordsOf(first.code)})`, allowed)
  // Another version would bring its own schema.
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') throw fault(0, 'another version of YAML', allowed)
  if (document.contents === null) throw fault(0, 'nothing', allowed)
  return valueIn(document, yaml, fault)
}

function valueIn (document: Document.Parsed, yaml: Yaml, fault: Fault): FileText {
  const offsets: Offsets = offsetsOf(fault)
  const above = new Set<Node>()
  let aliases = 0

  const valueOf = (node: Node, path: string): unknown => {
    const at = startOf(node)
    if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) throw fault(at, 'a tag', allowed)
    if (yaml.isAlias(node)) return aliased(node.resolve(document), at, path)
    if (yaml.isScalar(node)) return node.value
    if (yaml.isSeq<Node>(node)) return within(node, () => node.items.map((item, index) => valueOf(item, offsets.item(path, index, startOf(item)))))
    if (!yaml.isMap<Node, Node | null>(node)) throw fault(at, 'something that JSON does not have', allowed)
    return within(node, () => Object.fromEntries(node.items.map(({ key, value }) => {
      const name = yaml.isScalar(key) ? key.value : null
      if (typeof name !== 'string' || name === '<<') throw fault(startOf(key), 'a name that is no string, or a merge key', allowed)
      const memberPath = offsets.member(path, name, startOf(key))
      return [name, value === null ? null : valueOf(value, memberPath)]
    })))
  }

  const aliased = (node: Node | undefined, at: number, path: string): unknown => {
    aliases++
    if (aliases > mostAliases) throw fault(at, `more than ${mostAliases} aliases`, allowed)
    if (node === undefined) throw fault(at, 'an alias for what is not there', 'a text that begins with * in quotes')
    if (above.has(node)) throw fault(at, 'an alias for what it stands in', allowed)
    return valueOf(node, path)
  }

  const within = <Value>(node: Node, read: () => Value): Value => {
    above.add(node)
    const value = read()
    above.delete(node)
    return value
  }

  return { value: valueOf(document.contents as Node, ''), offsets: offsets.known }
}

function startOf (node: Node): number {
  return node.range?.[0] ?? 0
}

/** Of codes that do not say what one has written. */
const words: Readonly<Record<string, string>> = {
  MISSING_CHAR: 'missing character, or another indentation than that of the lines before',
  MULTILINE_IMPLICIT_KEY: 'name without a colon and a space behind it',
  BLOCK_AS_IMPLICIT_KEY: 'second colon in a line, or deeper indentation below a value',
  BAD_SCALAR_START: 'value that must stand in quotes',
  BAD_ALIAS: 'text that begins with *, and must stand in quotes'
}

/** The code says enough: a message could hold what stands in the file. */
function wordsOf (code: string): string {
  return words[code] ?? code.toLowerCase().replaceAll('_', ' ')
}
