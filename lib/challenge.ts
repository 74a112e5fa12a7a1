import { answers, type Answer } from './errors.ts'

export type Challenges = Readonly<Partial<Record<Answer, string>>> & { readonly withoutScope: string }

// quoted-string (RFC 9110 section 5.6.4); options allow only visible ASCII and space here.
function quoted (text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/**
 * The values of `WWW-Authenticate`, built when a route is declared (RFC 6750 section 3). A request without credentials gets
 * no error code (section 3.1); 5xx answers carry no challenge, since no other token would help.
 */
export function buildChallenges (realm: string, scopes: readonly string[]): Challenges {
  const missing = `Bearer realm=${quoted(realm)}`
  const withError = (error: string, answer: Answer): string =>
    `${missing}, error=${quoted(error)}, error_description=${quoted(answers[answer].message)}`
  const insufficientScope = withError('insufficient_scope', 'insufficientScope')
  return Object.freeze({
    missing,
    invalidRequest: withError('invalid_request', 'invalidRequest'),
    invalidToken: withError('invalid_token', 'invalidToken'),
    insufficientScope: scopes.length === 0 ? insufficientScope : `${insufficientScope}, scope=${quoted(scopes.join(' '))}`,
    withoutScope: insufficientScope
  })
}
