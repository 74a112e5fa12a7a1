// All that can be measured, and asked for by a word.

import type { Contender, Group } from './contender.ts'
import { groups } from './groups.ts'
import type { Measurement } from './measurement.ts'
import { allocation } from './measurements/allocation.ts'
import { flood } from './measurements/flood.ts'
import { memory } from './measurements/memory.ts'
import { pauses } from './measurements/pauses.ts'
import { stampede } from './measurements/stampede.ts'

export { groups }
export const measurements: readonly Measurement[] = [stampede, flood, memory, allocation, pauses]
export const sections: readonly Group[] = [...groups, ...measurements]

/** A contender, by what one process tells another. */
export function contenderOf ({ group, name }: { readonly group: string, readonly name: string }): Contender {
  const found = sections.find((each) => each.name === group)?.contenders.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no contender "${name}" in the group "${group}"`)
  return found
}

/** Groups of which something has one of the words in its name or that of its group, with what that is compared with; all without words. */
export function choose (words: readonly string[], from: readonly Group[] = groups): Group[] {
  return from.map((group) => ({ ...group, contenders: chosenOf(group, words) })).filter(({ contenders }) => contenders.length > 0)
}

function chosenOf ({ name, contenders }: Group, words: readonly string[]): Contender[] {
  const isMeant = (each: Contender): boolean => words.length === 0 || words.some((word) => `${each.name} ${name}`.includes(word))
  const others = new Set(contenders.filter(isMeant).flatMap(({ against, beyond }) => [against, beyond]))
  return contenders.filter((each) => isMeant(each) || others.has(each.name))
}
