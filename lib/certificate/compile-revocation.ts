import type { RevocationEvent } from '../certification-path/revocation/index.ts'
import { OptionsError, refuse } from '../errors.ts'
import type { RevocationOptions } from '../options.ts'
import type { RevocationCheck } from './trust.ts'

/**
 * Who asks whether certificates are revoked; loaded only where somebody wants to know.
 *
 * @throws OptionsError
 */
export async function compileRevocation ({ mode, crls = [], ...options }: RevocationOptions, path: string, onTrouble: (detail: string) => void): Promise<RevocationCheck> {
  const { isAdmitted, revocation } = await import('../certification-path/revocation/index.ts')
  const front = orStop(path, () => revocation({ ...options, mode, crls: crls.map(({ file }) => file) }, (event) => onTrouble(textOf(event))))
  return {
    async check (certificates, at) {
      const verdict = await front.check(certificates, at)
      if (verdict.status === 'revoked') throw refuse('certificate_revoked', verdict.certificate === 0 ? `by ${verdict.by}` : `an issuer of it, by ${verdict.by}`)
      if (!isAdmitted(verdict, mode)) throw refuse('certificate_revocation_unknown', verdict.status === 'undetermined' ? verdict.why : 'unknown')
      // Whatever could not be told is asked again soon.
      return verdict.status === 'good' ? verdict.goodUntil : new Date(Math.max(verdict.retryAt.getTime(), at.getTime() + 1000))
    },
    stats: () => front.stats(),
    close: async () => { await front.close() }
  }
}

function textOf (event: RevocationEvent): string {
  switch (event.type) {
    case 'undetermined': {
      const outcome = event.mode === 'soft' ? 'let in' : 'refused'
      return `revocation: nobody can say whether ${event.certificate === 0 ? 'a client certificate' : 'the certificate of an issuer'} is revoked (${event.why}); ${event.times} ${outcome}`
    }
    case 'source_failed': return `revocation: no usable ${event.by === 'crl' ? 'CRL' : 'OCSP answer'} from ${event.host} (${event.why})`
    case 'file_unusable': return `revocation: the new file ${event.file} is not used (${event.why})`
  }
}

/** Its errors name the option, and what is wrong with it. */
function orStop<Compiled> (path: string, compile: () => Compiled): Compiled {
  try {
    return compile()
  } catch (error) {
    throw new OptionsError(`${path}: ${(error as Error).message}; allowed: what the README lists under \`revocation\``)
  }
}
