// What a run has found out, as it is written to a file, and what the table, the chart and the README are made from.

import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

export interface Result {
  readonly machine: Machine
  readonly rounds: number
  readonly requests: number
  readonly rows: readonly Row[]
  readonly figures: readonly Figure[]
  /** What was not measured, and why. */
  readonly left: ReadonlyArray<{ readonly group: string, readonly name: string, readonly why: string }>
}

export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** The day, in ISO 8601. */
  readonly date: string
  /** With a plus where the working tree has changes beside it. */
  readonly commit: string
}

/** A contender, and its CPU time a request in microseconds, by round. */
export interface Row {
  readonly group: string
  readonly name: string
  /** The revision that it was measured for; null for the working tree, and where it has nothing of the plugin. */
  readonly revision: string | null
  readonly against: string | null
  readonly beyond: string | null
  readonly times: readonly number[]
}

/** Something else about a contender. */
export interface Figure {
  readonly group: string
  readonly name: string
  readonly what: string
  readonly unit: 'µs' | 'ms' | 'bytes' | '%' | ''
  /** What of the values counts. */
  readonly of: 'median' | 'most'
  readonly values: readonly number[]
}

export function machine (): Machine {
  return {
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    date: new Date().toISOString().slice(0, 10),
    commit: commit()
  }
}

function commit (): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
