import type { Random } from './random.ts'

// Signs and texts that mean something in one of the formats, or to the parsers below them.
const pieces = [
  ...'AZaz09+/=-_.~%:,;"\\ \t\n\r\0\x7f\x80\xff{}()*?', '==', '%0A', '%2B', '%00', '%zz', '%C3%28', '%2', '::', ':(null):', '(null)', '-----', '\r\n',
  '-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '-----BEGIN PRIVATE KEY-----', 'Hash=', 'Cert="', 'Subject="', 'URI=', ',By=', ';Hash=', 'MII', 'LS0t',
  '\u0100', '\ud800', '\uff0b'
]

type Mutation = (value: string, random: Random, other: string) => string

const at = (value: string, random: Random): number => random.below(value.length + 1)

const mutations: readonly Mutation[] = [
  // One sign for another, inserted, or lost.
  (value, random) => { const i = at(value, random); return value.slice(0, i) + random.of(pieces) + value.slice(i + 1) },
  (value, random) => { const i = at(value, random); return value.slice(0, i) + random.of('ABCDEFabcdef0123456789+/') + value.slice(i + 1) },
  (value, random) => { const i = at(value, random); return value.slice(0, i) + random.of(pieces) + value.slice(i) },
  (value, random) => { const i = at(value, random); return value.slice(0, i) + value.slice(i + 1 + random.below(4)) },
  (value, random) => { const i = at(value, random); return value.slice(0, i) + String.fromCharCode(random.below(256)) + value.slice(i + 1) },
  // The ends, where armour, padding and colons are.
  (value, random) => random.of(pieces) + value,
  (value, random) => value + random.of(pieces),
  (value, random) => value.slice(random.below(4)),
  (value, random) => value.slice(0, -1 - random.below(4)),
  // Halves and doubles, also of another value.
  (value, random) => value.slice(0, at(value, random)),
  (value, random) => { const i = at(value, random); return value.slice(0, i) + value.slice(i - random.below(80)) },
  (value, random, other) => value.slice(0, at(value, random)) + other.slice(at(other, random)),
  (value, random, other) => value + random.of([',', ', ', ';', '', '\n']) + other,
  // What a hop may do to a value as a whole.
  (value, random) => value.replaceAll(random.of(pieces), random.of(pieces)),
  (value, random) => { const i = at(value, random); return value.slice(0, i) + value.slice(i, i + 30).toLowerCase() + value.slice(i + 30) },
  (value, random) => { const i = at(value, random); return value.slice(0, i) + encodeURIComponent(value.slice(i, i + 3).replace(/[\ud800-\udfff]/g, '')) + value.slice(i + 3) },
  (value) => value.replace(/%../g, (escape) => escape.toLowerCase())
]

/** A value with a few things wrong, or right in another way. */
export function mutate (value: string, random: Random, other: string): string {
  let mutated = value
  for (let left = 1 + random.below(3); left > 0; left--) mutated = random.of(mutations)(mutated, random, other)
  return mutated
}
