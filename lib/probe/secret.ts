import { OptionsError } from '../errors.ts'
import type { Secret } from '../options.ts'
import { resolveSecret } from '../secret.ts'
import { leastSecret, sendable } from './wire.ts'

/** @throws OptionsError */
export async function resolveProbeSecret (option: Secret, path: string): Promise<string> {
  const secret = await resolveSecret(option, path)
  if (secret.length < leastSecret || !sendable.test(secret)) {
    const found = secret.length < leastSecret ? `a secret of ${secret.length} characters` : 'a secret with signs that no header can hold as they are'
    throw new OptionsError(`${path}: found ${found}; allowed: at least ${leastSecret} visible ASCII characters, without space`)
  }
  return secret
}
