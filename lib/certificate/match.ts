import { isIP } from 'node:net'
import { OptionsError, refuse } from '../errors.ts'
import type { CertificateMatchOptions } from '../options.ts'
import type { NamesCheck } from './names.ts'
import type { CertificateMatch } from './source.ts'

/** Only certificates with one of these sets of names. @throws OptionsError */
export function certificateMatch (options: CertificateMatchOptions | readonly CertificateMatchOptions[], path: string): CertificateMatch {
  const alternatives = [options].flat() as readonly CertificateMatchOptions[]
  for (const [index, alternative] of alternatives.entries()) refuseEmpty(alternative, Array.isArray(options) ? `${path}[${index}]` : path)
  let areWanted: NamesCheck | null = null

  return {
    refuseOthers (der) {
      if (areWanted === null) throw new Error('certificate.match is not ready')
      if (!areWanted(der)) throw refuse('certificate_not_allowed')
    },

    // What reads names is loaded only where some are wanted.
    async ready () {
      areWanted ??= (await import('./names.ts')).namesCheck(alternatives)
    }
  }
}

/** A set of names without a name would take every certificate. */
function refuseEmpty ({ subject, issuer, subjectAltName }: CertificateMatchOptions, path: string): void {
  for (const [name, wanted] of Object.entries({ subject, issuer, subjectAltName })) {
    if (wanted !== undefined && Object.values(wanted).every((value) => value === undefined)) throw new OptionsError(`${path}.${name}: found an empty object; allowed: at least one name`)
  }
  if (subject === undefined && issuer === undefined && subjectAltName === undefined) throw new OptionsError(`${path}: found an empty object; allowed: subject, issuer, subjectAltName`)
  const wrong = [subjectAltName?.ip ?? []].flat().find((address) => isIP(address) === 0)
  if (wrong !== undefined) throw new OptionsError(`${path}.subjectAltName.ip: found ${JSON.stringify(wrong)}; allowed: IP addresses`)
}
