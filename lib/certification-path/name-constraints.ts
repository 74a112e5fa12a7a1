import { comparedName } from './compared-name.ts'
import { contentOf, expectTag, tags, type Element } from './der.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'
import { readSubtree, type Subtree } from './subtree.ts'

/** RFC 5280 section 4.2.1.10, by form of name. */
export interface NameConstraints {
  readonly permitted: ReadonlyMap<string, readonly Subtree[]>
  readonly excluded: ReadonlyMap<string, readonly Subtree[]>
  /** How many subtrees there are. */
  readonly size: number
}

/** @throws SyntaxError */
export function readNameConstraints (element: Element): NameConstraints {
  const parts = [...expectTag(element, tags.sequence).children]
  if (parts.length === 0) throw new SyntaxError('constraints that constrain nothing')
  const permitted = parts[0]?.tag === 0xa0 ? readSubtrees(parts.shift() as Element, 'permitted') : new Map()
  const excluded = parts[0]?.tag === 0xa1 ? readSubtrees(parts.shift() as Element, 'excluded') : new Map()
  if (parts.length > 0) throw new SyntaxError('constraints with a part that is not known')
  return { permitted, excluded, size: element.children.reduce((sum, { children }) => sum + children.length, 0) }
}

function readSubtrees (element: Element, kind: 'permitted' | 'excluded'): ReadonlyMap<string, readonly Subtree[]> {
  if (element.children.length === 0) throw new SyntaxError('no subtree in the list')
  const subtrees = new Map<string, Subtree[]>()
  for (const subtree of element.children) {
    const [base, ...distances] = expectTag(subtree, tags.sequence).children
    // The profile has minimum 0 and no maximum; others have to be processed or refused.
    const isWhole = distances.length === 0 || (distances.length === 1 && distances[0]?.tag === 0x80 && isZero(distances[0]))
    if (!isWhole) throw new SyntaxError('a subtree with a minimum or maximum')
    const name = readGeneralName(base)
    const list = subtrees.get(name.form) ?? []
    subtrees.set(name.form, list)
    list.push(readSubtree(name, kind))
  }
  return subtrees
}

function isZero (element: Element): boolean {
  const content = contentOf(element)
  return content.length === 1 && content[0] === 0
}

/** Counts comparisons down; below zero the judgement ends. */
export interface Budget { left: number }

/**
 * Whether every name is allowed (section 6.1.3 (b) and (c)): in no excluded subtree, and in one of the permitted ones if there
 * are any of its form. A name that cannot be compared with the subtrees of its form is not allowed.
 */
export function areNamesAllowed (names: readonly GeneralName[], { permitted, excluded, size }: NameConstraints, budget: Budget): boolean {
  budget.left -= names.length * size
  if (budget.left < 0) return false
  return names.every((name) => {
    const forms = name.form === 'smtpUtf8Mailbox' ? ['otherName', 'rfc822Name'] : [name.form]
    const subtreesOut = forms.flatMap((form) => excluded.get(form) ?? [])
    const lists = forms.map((form) => permitted.get(form)).filter((list) => list !== undefined)
    if (subtreesOut.length === 0 && lists.length === 0) return true
    const compared = comparedName(name)
    return subtreesOut.every((subtree) => subtree(compared) === 'outside') && lists.every((list) => list.some((subtree) => subtree(compared) === 'inside'))
  })
}
