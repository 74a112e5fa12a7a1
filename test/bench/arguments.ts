export interface Arguments {
  /** What is wanted, by parts of names; everything where there are none. */
  readonly words: readonly string[]
  readonly isList: boolean
  /** File to write the result to. */
  readonly json: string | null
  readonly isChart: boolean
  /** Revision to compare the working tree with. */
  readonly compare: string | null
  readonly rounds: number
  readonly requests: number
  /** Tokens of the largest cache. */
  readonly mostTokens: number
}

const usage = 'npm run bench -- [--list] [--json FILE] [--chart] [--compare REV] [words]'

/** @throws Error with the usage, for what it does not know */
export function readArguments (given: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const words: string[] = []
  const found = { isList: false, isChart: false, json: null as string | null, compare: null as string | null }
  const left = [...given]
  const valueOf = (name: string): string => {
    const value = left.shift()
    if (value === undefined || value.startsWith('--')) throw new Error(`${name}: its value is missing\n${usage}`)
    return value
  }
  for (let each = left.shift(); each !== undefined; each = left.shift()) {
    if (each === '--list') found.isList = true
    else if (each === '--chart') found.isChart = true
    else if (each === '--json') found.json = valueOf(each)
    else if (each === '--compare') found.compare = valueOf(each)
    else if (each.startsWith('-')) throw new Error(`${each}: no such option\n${usage}`)
    else words.push(each)
  }
  return { ...found, words, rounds: count('ROUNDS', 15, env), requests: count('REQUESTS', 4000, env), mostTokens: count('TOKENS', 1_000_000, env) }
}

function count (name: string, byDefault: number, env: NodeJS.ProcessEnv): number {
  const given = env[name]
  if (given === undefined) return byDefault
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new Error(`${name}: found ${JSON.stringify(given)}; allowed: a number from 1`)
  return Number(given)
}
