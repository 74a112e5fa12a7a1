import { hash } from 'node:crypto'

/** The header that opens the echo. */
export const secretField = 'bound-token-probe'
/** Says what the probe sent, so that the echo can tell it from what the proxy wrote. */
export const sentField = 'bound-token-probe-sent'
/** In place of what was sent: the probe is over. */
export const done = 'done'

/** Shorter ones could be guessed. */
export const leastSecret = 32
/** What can stand in a header as it is. */
export const sendable = /^[\x21-\x7e]+$/

/** What a request of the probe carries; null for what it does not. The values themselves are not said a second time. */
export interface Sent {
  /** Random text that stands in the value of the certificate header, or is the value of the verify header. */
  readonly marker: string
  /** Digest of the value of the certificate header. */
  readonly value: string | null
  /** Thumbprint that a reader of this value would find. */
  readonly thumbprint: string | null
  /** Digest of the value of the verify header. */
  readonly verdict: string | null
}

const sentGrammar = /^([A-Za-z0-9+/_-]{16,64}) ([A-Za-z0-9_-]{43}|-) ([A-Za-z0-9_-]{43}|-) ([A-Za-z0-9_-]{43}|-)$/

export function writeSent ({ marker, value, thumbprint, verdict }: Sent): string {
  return [marker, value ?? '-', thumbprint ?? '-', verdict ?? '-'].join(' ')
}

/** @returns null for anything that the probe does not write */
export function readSent (text: string): Sent | null {
  const [, marker, ...rest] = sentGrammar.exec(text) ?? []
  if (marker === undefined) return null
  const [value = null, thumbprint = null, verdict = null] = rest.map((part) => part === '-' ? null : part)
  return { marker, value, thumbprint, verdict }
}

export function digestOf (value: string): string {
  return hash('sha256', value, 'base64url')
}

export function digestOfName (name: string): string {
  return digestOf(name.toLowerCase())
}
