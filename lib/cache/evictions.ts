import { hash } from 'node:crypto'
import type { TokenRecord } from '../access-token.ts'

/** Which tokens an eviction is about. */
export type Evicted =
  | { readonly all: true }
  /** Where they live in the cache. */
  | { readonly keys: readonly string[] }
  /** What their claims say, all of it: JSON texts by the path of the claim, and the issuer where only its tokens are meant. */
  | { readonly issuer: string | null, readonly claims: Readonly<Record<string, string>> }

export interface Eviction {
  readonly evicted: Evicted
  /** Milliseconds since the epoch: what was asked before this, or then, counts no more. */
  readonly at: number
  /** Milliseconds since the epoch: JWTs that were issued before this, or then, are refused, where nobody can be asked. Null: none are. */
  readonly revokedAt: number | null
}

/** Where evictions of a token are looked for: found out only where some token was evicted. */
export type KeyOf = () => string

/** What has been evicted lately. */
export interface Evictions {
  /** Grows with each eviction: what has been compared since need not be again. */
  generation (): number
  add (eviction: Eviction): void
  /** Whether what was asked here in this generation counts no more. */
  covers (key: KeyOf, record: TokenRecord | null, askedIn: number): boolean
  /** The same of what another process asked, in milliseconds since the epoch of its clock. */
  coversAnothers (key: KeyOf, record: TokenRecord, askedAt: number): boolean
  /** Whether a token that proves itself was revoked. */
  revokes (key: KeyOf, record: TokenRecord): boolean
}

/** When something was evicted, last: by the clock, and in which generation. */
interface Times {
  readonly generation: number
  readonly at: number
  readonly revokedAt: number
}

const never: Times = { generation: -1, at: -Infinity, revokedAt: -Infinity }

/** Characters of a value that is remembered as it is. */
const longestText = 256

/** Milliseconds by which the clocks of two processes may differ. */
export const clockDifference = 2000

/** All evictions by one set of claims, by what these must be. */
interface ByClaims {
  readonly issuer: boolean
  readonly paths: readonly string[]
  readonly times: Map<string, Times>
}

/**
 * Remembers evictions instead of looking for tokens: an eviction costs the same with a million tokens in the cache, and one that
 * is under way, or that another process has kept, is found as well. What happened longer ago than `horizon` is forgotten; and of
 * more than `most`, the oldest: then nothing that is older than it counts any more, whoever's it is.
 *
 * @param horizon - milliseconds after which nothing is left that an eviction could be about
 */
export function evictions (horizon: number, most = 100_000): Evictions {
  const byKey = new Map<string, Times>()
  const byClaims = new Map<string, ByClaims>()
  let everything = never
  let generation = 0
  let nextSweep = 0

  return {
    generation: () => generation,

    add ({ evicted, at, revokedAt }) {
      generation++
      forgetOld(Date.now())
      const times = { generation, at, revokedAt: revokedAt ?? -Infinity }
      if ('all' in evicted) everything = latest(everything, times)
      else if ('keys' in evicted) for (const key of evicted.keys) remember(byKey, key, times)
      else remember(timesOf(evicted.issuer !== null, Object.keys(evicted.claims).sort()), valueOf(evicted.issuer, evicted.claims), times)
    },

    covers: (key, record, askedIn) => askedIn < everything.generation || some(key, record, ({ generation }) => askedIn < generation),

    coversAnothers (key, record, askedAt) {
      const isMeant = ({ at }: Times): boolean => askedAt <= at + clockDifference
      return isMeant(everything) || some(key, record, isMeant)
    },

    revokes (key, record) {
      const issued = issuedAt(record)
      const isMeant = ({ revokedAt }: Times): boolean => revokedAt !== -Infinity && issued <= revokedAt
      return isMeant(everything) || some(key, record, isMeant)
    }
  }

  function some (key: KeyOf, record: TokenRecord | null, isMeant: (times: Times) => boolean): boolean {
    const ofKey = byKey.size === 0 ? undefined : byKey.get(key())
    if (ofKey !== undefined && isMeant(ofKey)) return true
    if (record === null) return false
    for (const { issuer, paths, times } of byClaims.values()) {
      const claims = claimsAt(record, paths)
      const found = claims === null ? undefined : times.get(valueOf(issuer ? record.issuer.name : null, claims))
      if (found !== undefined && isMeant(found)) return true
    }
    return false
  }

  function timesOf (issuer: boolean, paths: readonly string[]): Map<string, Times> {
    const name = JSON.stringify([issuer, paths])
    const known = byClaims.get(name)
    if (known !== undefined) return known.times
    const times = new Map<string, Times>()
    byClaims.set(name, { issuer, paths, times })
    return times
  }

  function remember (all: Map<string, Times>, name: string, times: Times): void {
    const known = all.get(name) ?? never
    // Put behind the others, so that the oldest come first.
    all.delete(name)
    all.set(name, latest(known, times))
    if (all.size > most) forgetOldest(all)
  }

  /** A hundredth at a time: the way to the oldest leads past all the places that are free since, and would be gone for each. */
  function forgetOldest (all: Map<string, Times>): void {
    let left = Math.ceil(most / 100)
    for (const [name, times] of all) {
      all.delete(name)
      everything = latest(everything, times)
      if (--left === 0) return
    }
  }

  /** Now and then, since it looks at all of them. */
  function forgetOld (now: number): void {
    if (now < nextSweep) return
    nextSweep = now + horizon / 2
    // What it covers has been found by now, and JWTs from before have ended.
    if (everything.at < now - horizon) everything = { ...everything, revokedAt: -Infinity }
    for (const times of [byKey, ...[...byClaims.values()].map(({ times }) => times)]) {
      for (const [name, { at }] of times) if (at < now - horizon) times.delete(name)
    }
    for (const [name, { times }] of byClaims) if (times.size === 0) byClaims.delete(name)
  }
}

function latest (one: Times, other: Times): Times {
  return {
    generation: Math.max(one.generation, other.generation),
    at: Math.max(one.at, other.at),
    revokedAt: Math.max(one.revokedAt, other.revokedAt)
  }
}

export function matches ({ issuer, claims }: { readonly issuer: string | null, readonly claims: Readonly<Record<string, string>> }, record: TokenRecord): boolean {
  return (issuer === null || issuer === record.issuer.name) && Object.entries(claims).every(([path, value]) => claimAt(record.claims, path) === value)
}

/** A claim, by the names that lead to it, as JSON text. */
function claimAt (claims: Readonly<Record<string, unknown>>, path: string): string | undefined {
  let value: unknown = claims
  for (const name of JSON.parse(path) as string[]) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return JSON.stringify(value)
}

function claimsAt (record: TokenRecord, paths: readonly string[]): Record<string, string> | null {
  const found: Record<string, string> = {}
  for (const path of paths) {
    const value = claimAt(record.claims, path)
    if (value === undefined) return null
    found[path] = value
  }
  return found
}

/** Paths come sorted: two texts are equal where all the values are. Long ones are hashed, so that each takes little room. */
function valueOf (issuer: string | null, claims: Readonly<Record<string, string>>): string {
  const text = JSON.stringify([issuer, ...Object.keys(claims).sort().map((path) => claims[path])])
  return text.length > longestText ? hash('sha256', text, 'base64url') : text
}

/** Milliseconds. A token that does not say when it was issued may be as old as any. */
function issuedAt ({ claims: { iat } }: TokenRecord): number {
  return typeof iat === 'number' ? iat * 1000 : -Infinity
}
