import { accessTokenOf, readClaims } from '../../lib/access-token.ts'
import { sharedLists } from '../../lib/shared-lists.ts'
import { presentCertificate } from '../../lib/certificate/client-certificate.ts'
import type { Verified } from '../../lib/upstream/rewrite.ts'
import { headerCases } from '../certificate/vectors.ts'
import { X509Certificate } from 'node:crypto'

const der = new X509Certificate(headerCases.certificate_pem).raw

/** Whom a request was found to come from: a bound token with these claims, and the owner's certificate. */
export function verified (claims: Record<string, unknown> = {}): Verified {
  const record = readClaims({ active: true, sub: 'alice', ...claims, cnf: { 'x5t#S256': headerCases['x5t#S256'] } }, { name: 'https://login.example.com', audience: null }, sharedLists())
  if (typeof record === 'string') throw new Error(`a bad claim: ${record}`)
  return { accessToken: accessTokenOf(record, true), certificate: presentCertificate(der).certificate, jwt: null }
}

/** The same on a route that asks for no binding. */
export function unbound (claims: Record<string, unknown> = {}): Verified {
  const record = readClaims({ active: true, sub: 'alice', ...claims }, { name: 'https://login.example.com', audience: null }, sharedLists())
  if (typeof record === 'string') throw new Error(`a bad claim: ${record}`)
  return { accessToken: accessTokenOf(record, false), certificate: null, jwt: null }
}
