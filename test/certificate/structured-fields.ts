import { readFileSync } from 'node:fs'

/** A case of the tests of RFC 8941 by the HTTP working group. */
export interface FieldCase {
  readonly name: string
  /** The lines of the field, as Node hands them on. */
  readonly lines: readonly string[]
  /** What a value that is one Byte Sequence without parameters stands for. */
  readonly bytes: Buffer | null
  /** Whether a parser may refuse it. */
  readonly mayFail: boolean
}

const files = ['binary', 'item', 'list', 'param-list', 'listlist'] as const

interface RawCase {
  name: string
  raw: string[]
  expected?: unknown
  can_fail?: boolean
}

export const fieldCases: readonly FieldCase[] = files.flatMap((file) =>
  (JSON.parse(readFileSync(new URL(`../../fixtures/vectors/structured-fields/${file}.json`, import.meta.url), 'utf8')) as RawCase[]).map(({ name, raw, expected, can_fail: mayFail = false }) => ({
    name: `${file}: ${name}`,
    lines: raw.map((line) => line.replace(/^[ \t]+|[ \t]+$/g, '')),
    bytes: bytesOf(expected),
    mayFail
  })))

function bytesOf (expected: unknown): Buffer | null {
  const [item, parameters] = Array.isArray(expected) ? expected as [{ __type?: string, value?: string } | null, unknown] : []
  const isBytes = item?.__type === 'binary' && Array.isArray(parameters) && parameters.length === 0
  return isBytes ? base32(item.value as string) : null
}

function base32 (text: string): Buffer {
  const bits = [...text.replace(/=+$/, '')].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)))
}
