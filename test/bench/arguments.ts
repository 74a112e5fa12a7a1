import { parseArgs } from 'node:util'

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

/** @throws Error for what it does not know */
export function readArguments (given: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const { positionals, values } = parseArgs({
    args: [...given],
    allowPositionals: true,
    options: { list: { type: 'boolean', default: false }, chart: { type: 'boolean', default: false }, json: { type: 'string' }, compare: { type: 'string' } }
  })
  return {
    words: positionals,
    isList: values.list,
    isChart: values.chart,
    json: values.json ?? null,
    compare: values.compare ?? null,
    rounds: count('ROUNDS', 15, env),
    requests: count('REQUESTS', 4000, env),
    mostTokens: count('TOKENS', 1_000_000, env)
  }
}

function count (name: string, byDefault: number, env: NodeJS.ProcessEnv): number {
  const given = env[name]
  if (given === undefined) return byDefault
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new Error(`${name}: found ${JSON.stringify(given)}; allowed: a number from 1`)
  return Number(given)
}
