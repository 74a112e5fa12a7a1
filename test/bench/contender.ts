import type { JSONWebKeySet } from 'jose'
import type { Spread, TokenKind, TokenMaterial } from './tokens.ts'

/** What the processes of one run have in common. */
export interface Material {
  readonly tokens: TokenMaterial
  readonly publicPem: string
  readonly jwks: JSONWebKeySet
  /** PEM of who has issued the certificate of the client. */
  readonly ca: string
  /** Headers of every request, and those with the certificate, by the format that they are for. */
  readonly headers: Readonly<Record<string, string>>
  readonly certificateHeaders: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Origins of servers in processes of their own. */
  readonly upstream: string
  readonly authorizationServer: string
  /** URL of a Redis; null where there is none. */
  readonly redis: string | null
}

/** What is sent. */
export interface Traffic extends Spread {
  readonly tokens: TokenKind
  /** How the certificate is written: a key of `certificateHeaders`. */
  readonly format: string
}

export const usualTraffic: Traffic = { tokens: 'opaque', known: 1024, hitPercent: 100, format: 'url-pem' }

export interface Contender {
  readonly name: string
  readonly traffic: Traffic
  /** Whether it is the plugin that is measured: then it is started for each revision that is compared. */
  readonly isOurs: boolean
  /** Name of whom it is compared with; absent for one that others are compared with. */
  readonly against?: string
  /** Name of whose cost is in it as well: what is beyond that is printed, in microseconds. */
  readonly beyond?: string
  /** What must be there. */
  readonly needs?: 'redis'
  /** Flags of its process. */
  readonly flags?: readonly string[]
  /** Listens on a loopback port. @returns its origin, and what can be asked of it beside requests */
  start (material: Material): Promise<Started>
}

export interface Started {
  readonly url: string
  /** Evicts what nobody has: looks at every token. */
  evictNobody? (): Promise<unknown>
}

/** Contenders that are measured in turn. */
export interface Group {
  readonly name: string
  readonly about: string
  /** Where a round takes long, or many are measured. */
  readonly mostRounds?: number
  /** Where it takes long to make the tokens known. */
  readonly mostStarts?: number
  readonly contenders: readonly Contender[]
}
