/** What is kept under a key, or why there is nothing. */
export type Answer<Value> = { readonly value: Value, readonly goodUntil: number } | Missing

export interface Missing {
  readonly why: string
  /** Milliseconds since the epoch: before it nobody is asked again. */
  readonly retryAt: number
}

/** What a source said; `goodUntil` in milliseconds since the epoch. */
export type Fetched<Value> = { readonly value: Value, readonly goodUntil: number, readonly weight?: number } | { readonly why: string }

export interface KeptAnswers<Value> {
  /**
   * What is kept, as long as it is good; else what `fetch` brings, which is called once however many ask. In the last quarter of
   * its life it is fetched again while the old one serves. Never throws.
   *
   * @param fetch - given what is kept, if anything
   */
  get (key: string, fetch: (previous: Value | null) => Promise<Fetched<Value>>): Promise<Answer<Value>>
  readonly size: number
  clear (): void
}

export interface KeptAnswersOptions {
  readonly mostEntries: number
  /** Of the weights of all entries together. */
  readonly mostWeight?: number
  /** Milliseconds for which an answer is kept at most. */
  readonly longestLife: number
  readonly mostUnderWay: number
  /** Told once when a source begins to fail. */
  onTrouble (key: string, why: string): void
}

interface Entry<Value> {
  kept: { readonly value: Value, readonly goodUntil: number, readonly fetchedAt: number, readonly weight: number } | null
  missing: Missing | null
  failures: number
  flight: Promise<void> | null
}

/** Milliseconds after a failure in which nobody is asked; doubled with each, up to the second. */
export const firstPause = 5000
const longestPause = 60_000
/** Times the number that may be under way: more would wait too long. */
const mostRounds = 4

export function keptAnswers<Value> ({ mostEntries, mostWeight = Infinity, longestLife, mostUnderWay, onTrouble }: KeptAnswersOptions): KeptAnswers<Value> {
  // In the order of their last use.
  const entries = new Map<string, Entry<Value>>()
  let weight = 0
  let underWay = 0
  const waiting: Array<() => void> = []

  return {
    async get (key, fetch) {
      const entry = entries.get(key) ?? { kept: null, missing: null, failures: 0, flight: null }
      entries.delete(key)
      entries.set(key, entry)
      makeRoom()
      const good = goodOf(entry)
      if (good !== null) {
        if (isInLastQuarter(good)) load(key, entry, fetch)
        return good
      }
      await load(key, entry, fetch)
      return goodOf(entry) ?? entry.missing ?? missing('too many requests are under way', firstPause)
    },

    get size () {
      return entries.size
    },

    clear () {
      entries.clear()
      weight = 0
    }
  }

  /** Without effect where it failed a moment ago, or too much is under way. */
  function load (key: string, entry: Entry<Value>, fetch: (previous: Value | null) => Promise<Fetched<Value>>): Promise<void> {
    if (entry.flight !== null) return entry.flight
    // More than any pause is left when the clock was set back.
    const wait = (entry.missing?.retryAt ?? 0) - Date.now()
    if ((wait > 0 && wait <= longestPause) || (underWay >= mostUnderWay && waiting.length >= mostUnderWay * mostRounds)) return Promise.resolve()
    entry.missing = null
    entry.flight = inTurn(async () => { await fetchInto(key, entry, fetch) }).finally(() => { entry.flight = null })
    return entry.flight
  }

  /** A burst of new clients waits for its turn: a source that answers is not called silent because many ask. */
  async function inTurn (work: () => Promise<void>): Promise<void> {
    if (underWay < mostUnderWay) underWay++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      await work()
    } finally {
      // The place goes to who waits, or is free.
      const next = waiting.shift()
      if (next === undefined) underWay--
      else next()
    }
  }

  async function fetchInto (key: string, entry: Entry<Value>, fetch: (previous: Value | null) => Promise<Fetched<Value>>): Promise<void> {
    const fetched = await fetch(entry.kept?.value ?? null).catch(() => ({ why: 'it could not be processed' }))
    const now = Date.now()
    const why = 'why' in fetched ? fetched.why : fetched.goodUntil > now ? null : 'it is out of date'
    if (why !== null || 'why' in fetched) {
      entry.missing = missing(why as string, Math.min(firstPause * 2 ** entry.failures, longestPause))
      if (++entry.failures === 1) onTrouble(key, why as string)
      return
    }
    const isStillThere = entries.get(key) === entry
    const before = entry.kept?.weight ?? 0
    entry.kept = { value: fetched.value, goodUntil: Math.min(fetched.goodUntil, now + longestLife), fetchedAt: now, weight: fetched.weight ?? 1 }
    entry.failures = 0
    if (!isStillThere) return
    weight += entry.kept.weight - before
    makeRoom()
  }

  function makeRoom (): void {
    for (const [key, entry] of entries) {
      if (entries.size <= mostEntries && (weight <= mostWeight || entries.size === 1)) return
      entries.delete(key)
      weight -= entry.kept?.weight ?? 0
    }
  }
}

function goodOf<Value> ({ kept }: Entry<Value>): Entry<Value>['kept'] {
  return kept !== null && Date.now() < kept.goodUntil ? kept : null
}

// Also when the clock was set back.
function isInLastQuarter ({ goodUntil, fetchedAt }: { readonly goodUntil: number, readonly fetchedAt: number }): boolean {
  const now = Date.now()
  return now < fetchedAt || now >= fetchedAt + Math.max(firstPause, (goodUntil - fetchedAt) * 3 / 4)
}

function missing (why: string, pause: number): Missing {
  return Object.freeze({ why, retryAt: Date.now() + pause })
}
