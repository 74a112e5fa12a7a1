import { OptionsError } from '../errors.ts'

/** Whose tokens a feed is about. One that nobody here takes tokens of would be heard in vain. @throws OptionsError */
export function tokenIssuerOf (issuer: string | undefined, issuers: readonly string[], path: string): string {
  if (issuer !== undefined && issuers.includes(issuer)) return issuer
  if (issuer === undefined && issuers.length === 1) return issuers[0] as string
  throw new OptionsError(`${path}: ${issuer === undefined ? 'missing' : `found ${JSON.stringify(issuer)}`}; allowed: ${issuers.join(', ')}`)
}
