import { proofOfPossession } from '../proof-of-possession/example.ts'
import { resourceServer } from '../resource-server/example.ts'
import { secretHeader } from '../secret-header/example.ts'
import { securedApi } from '../secured-api/example.ts'
import { trustedHeader } from '../trusted-header/example.ts'
import type { Example } from './example.ts'

/** By the name of its folder. */
export const examples: Readonly<Record<string, Example>> = {
  'trusted-header': trustedHeader,
  'resource-server': resourceServer,
  'proof-of-possession': proofOfPossession,
  'secret-header': secretHeader,
  'secured-api': securedApi
}
