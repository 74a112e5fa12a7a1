import type { TokenRecord } from '../access-token.ts'

/**
 * Finds out what a token stands for. The contract of every resolver:
 * - a record means "active"; null means that the authorization server says it is not
 * - trouble that is not the client's is thrown as `issuer_unavailable`, `issuer_refused_us` or `issuer_bad_response`
 * - it ends within its time limit, and nothing of the token is kept
 */
export interface TokenResolver {
  /** What two resolvers must differ in to give different answers for one token: issuer, endpoint, client. */
  readonly identity: readonly string[]
  resolve (token: string): Promise<TokenRecord | null>
  close (): Promise<void>
}
