import type { EvictionSelector } from '../../types/bound-token.ts'

/** How to read one kind of message. */
export interface MessageRule {
  readonly when: ReadonlyArray<{ readonly path: Path, readonly value: string | number | boolean }>
  /** Where the value stands, a string or a list of strings. */
  readonly path: Path
  /** What a value selects. */
  select (value: string): EvictionSelector
}

type Path = readonly string[]

const mostValues = 1000
const mostCharacters = 16_384

/**
 * What a message tells to revoke.
 *
 * @returns null for one that is of none of these kinds, or holds no values
 */
export function selectorsIn (message: Readonly<Record<string, unknown>>, rules: readonly MessageRule[]): readonly EvictionSelector[] | null {
  const selectors = rules.filter(({ when }) => when.every(({ path, value }) => valueAt(message, path) === value))
    .flatMap(({ path, select }) => valuesAt(message, path).map(select))
  return selectors.length === 0 ? null : selectors
}

function valuesAt (message: unknown, path: Path): readonly string[] {
  const values: readonly unknown[] = [valueAt(message, path)].flat()
  return values.filter((value): value is string => typeof value === 'string' && value !== '' && value.length <= mostCharacters).slice(0, mostValues)
}

function valueAt (message: unknown, path: Path): unknown {
  let value = message
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
