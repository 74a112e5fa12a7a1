import type { Contender, Group } from './contender.ts'
import type { Figure } from './result.ts'
import type { Running } from './running.ts'
import type { Scene } from './material.ts'

/** What is measured once or some times, rather than as a ratio in rounds. */
export interface Measurement extends Group {
  measure (bench: Bench): Promise<Figure[]>
}

export interface Bench {
  readonly scene: Scene
  /** How often what is measured several times is. */
  readonly rounds: number
  /** Of one round. */
  readonly requests: number
  /** Tokens of the largest cache: fewer where only the bench itself is tried. */
  readonly mostTokens: number
  start (contender: Contender): Promise<Running>
}
