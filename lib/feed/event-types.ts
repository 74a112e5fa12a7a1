/** What an event of a type means for tokens. */
export interface EventType {
  /** Whether it is about a session where it does not say what its subject is. */
  readonly isOfSession: boolean
}

const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const oauth = 'https://schemas.openid.net/secevent/oauth/event-type/'

const ofSession: EventType = { isOfSession: true }
const ofSubject: EventType = { isOfSession: false }

/**
 * The events after which tokens of their subject count no more: those of CAEP 1.0 (sections 3.1 and 3.2), of RISC 1.0 (section 2), and
 * of the draft "OAuth Event Types 1.0" (section 3). Others have no effect.
 */
export const revokingEvents: ReadonlyMap<string, EventType> = new Map([
  [`${caep}session-revoked`, ofSession],
  // What such a token says is no longer true.
  [`${caep}token-claims-change`, ofSubject],
  [`${risc}account-disabled`, ofSubject],
  [`${risc}account-purged`, ofSubject],
  [`${risc}account-credential-change-required`, ofSubject],
  [`${risc}credential-compromise`, ofSubject],
  // All sessions of an account, so that its subject is no session. Replaced by that of CAEP.
  [`${risc}sessions-revoked`, ofSubject],
  [`${oauth}token-revoked`, ofSubject],
  [`${oauth}tokens-revoked`, ofSubject]
])
