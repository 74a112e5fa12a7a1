// What is true of a token of the soak, by its text: `kind.number.rest`. The service knows nothing of this; the authorization server does.
import { owner, stranger } from '../guard/protected-app.ts'

export const kinds = ['good', 'stranger', 'unbound', 'expired', 'inactive', 'admin', 'revocable'] as const
export type Kind = typeof kinds[number]

/** As long as tokens are, and with every character that they may have. */
export function tokenOf (kind: Kind, number: number): string {
  return `${kind}.${number}.-_~+/AbCdEf0123456789`
}

export function kindOf (token: string): Kind {
  return token.slice(0, token.indexOf('.')) as Kind
}

/** What the authorization server says of it. */
export function claimsOf (token: string, isRevoked: (token: string) => boolean): object {
  const kind = kindOf(token)
  if (kind === 'inactive' || isRevoked(token)) return { active: false }
  return {
    active: true,
    aud: 'https://api.example.com',
    client_id: 'partner',
    sub: token,
    scope: kind === 'admin' ? 'admin' : 'accounts',
    ...(kind === 'expired' ? { exp: 1_000_000_000 } : { exp: Math.floor(Date.now() / 1000) + 3600 }),
    ...(kind === 'unbound' ? {} : { cnf: { 'x5t#S256': (kind === 'stranger' ? stranger : owner).thumbprint } })
  }
}

/** The status that the owner gets for it on a route that wants `accounts`. */
export const statuses: Readonly<Record<Kind, number>> = { good: 200, stranger: 401, unbound: 401, expired: 401, inactive: 401, admin: 403, revocable: 200 }
