import type { Gateway } from './gateway.ts'

/** One folder of examples: what stands around its gateway.json, and what happens to whom. */
export interface Example {
  /** The ports in its files, by what listens there. */
  readonly ports: Readonly<Record<string, number>>
  /** Files that are shown to the reader and run as they are. */
  readonly files: readonly string[]
  /** Starts everything but the gateway, and says how the gateway is to be started. */
  setUp (place: Place): Promise<Setting>
}

/** Where an example runs. */
export interface Place {
  /** Where its files are, with an absolute path. */
  readonly folder: string
  /** A folder in it for keys, certificates and sockets, which only its owner may enter and which is removed in the end. */
  readonly run: string
  /** Whether every proxy is stood in for. */
  readonly withoutPrograms: boolean
  /** @param name - one of the example's ports */
  port (name: string): number
  /** When the example ends. */
  onEnd (close: () => Promise<unknown>): void
  /** What deserves to be read before the table. */
  remark (text: string): void
}

export interface Setting {
  /** Environment variables of the gateway. */
  readonly environment?: Readonly<Record<string, string>>
  /** What happens to whom, in this order. */
  acts (gateway: Gateway): Promise<readonly Act[]>
  /** Commands for whoever wants to try it. */
  toTry (): Promise<string>
}

export interface Act {
  readonly title: string
  readonly expected: string
  /** @returns what came of it, in the words of `expected` */
  play (): Promise<string>
}
