import { OptionsError } from '../errors.ts'

/** What a file says, and where in it. */
export interface FileText {
  readonly value: unknown
  /** Offsets of members, by their path as errors write it: `issuers[0].audience`. */
  readonly offsets: ReadonlyMap<string, number>
}

/** Notes offsets while a file is read. */
export interface Offsets {
  readonly known: Map<string, number>
  member (path: string, name: string, offset: number): string
  item (path: string, index: number, offset: number): string
}

/** More would be no configuration; and it bounds what aliases can grow into. */
const mostValues = 100_000

/** @param fault - makes the error for an offset */
export function offsetsOf (fault: (offset: number, found: string, allowed: string) => Error): Offsets {
  const known = new Map<string, number>()
  let values = 0
  const note = (path: string, offset: number): string => {
    values++
    if (values > mostValues) throw fault(offset, `more than ${mostValues} values`, 'a configuration')
    known.set(path, offset)
    return path
  }
  return {
    known,
    member (path, name, offset) {
      if (name === '__proto__') throw fault(offset, 'a member called __proto__', 'names of options')
      return note(path === '' ? name : `${path}.${name}`, offset)
    },
    item: (path, index, offset) => note(`${path}[${index}]`, offset)
  }
}

/** `file:line:column`, both from 1. */
export function placeIn (file: string, text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${file}:${line}:${offset - before.lastIndexOf('\n')}`
}

/** @returns makes the error for an offset; nothing that stands in the file is in it */
export function faultIn (file: string, text: string): (offset: number, found: string, allowed: string) => Error {
  return (offset, found, allowed) => new OptionsError(`${placeIn(file, text, offset)}: found ${found}; allowed: ${allowed}`)
}
