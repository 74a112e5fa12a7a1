import { X509Certificate } from 'node:crypto'
import type { PathValidator } from '../certification-path/index.ts'
import { OptionsError } from '../errors.ts'
import type { CertificateTrustOptions } from '../options.ts'
import { renewed } from '../renewed.ts'
import { authoritiesInFile, filesOf, resolveCertificateAuthorities, textOf } from '../secret.ts'
import { compileRevocation } from './compile-revocation.ts'
import type { Surroundings } from './surroundings.ts'
import { pathTrust, type Trust } from './trust.ts'

type Pems = Record<'ca' | 'intermediates', readonly string[]>

/** What judges certificates is loaded only where somebody wants it. */
export function compileTrust (options: CertificateTrustOptions, path: string, { onTrouble }: Surroundings): Trust {
  const { revocation = 'off' } = options
  return pathTrust({
    load: async () => await keptValidator(options, path, onTrouble),
    loadRevocation: revocation === 'off' ? null : async () => await compileRevocation(revocation, `${path}.revocation`, onTrouble)
  })
}

/** CA files are read again when they change; then nothing that was judged before counts. */
async function keptValidator (options: CertificateTrustOptions, path: string, onTrouble: (detail: string) => void): Promise<() => PathValidator> {
  const { certificationPaths } = await import('../certification-path/index.ts')
  const { ca, intermediates, allowPartialChain = false, extendedKeyUsage } = options
  let pems: Pems = {
    ca: await resolveCertificateAuthorities(ca, `${path}.ca`),
    intermediates: intermediates === undefined ? [] : await resolveCertificateAuthorities(intermediates, `${path}.intermediates`)
  }
  const first = compiled(pems)
  return renewed(filesOf(ca, intermediates), first, (previous) => {
    const now: Pems = { ca: again('ca') ?? pems.ca, intermediates: again('intermediates') ?? pems.intermediates }
    if (JSON.stringify(now) === JSON.stringify(pems)) return previous
    const next = compiled(now)
    pems = now
    return next
  }, (error) => onTrouble(`the new CA file is not used: ${textOf(error)}`))

  function again (name: keyof Pems): readonly string[] | null {
    const [file] = filesOf(options[name])
    return file === undefined ? null : authoritiesInFile(file, `${path}.${name}`)
  }

  function compiled (pems: Pems): PathValidator {
    const validator = validatorOf(pems)
    for (const { index, reason, detail } of validator.unusableAnchors) {
      onTrouble(`${path}.ca: certificate ${index + 1} can vouch for nobody but itself: ${detail} (${reason})`)
    }
    return validator
  }

  function validatorOf ({ ca, intermediates }: Pems): PathValidator {
    try {
      return certificationPaths({
        anchors: ca.map(derOf),
        intermediates: intermediates.map(derOf),
        allowPartialChain,
        requireExtendedKeyUsage: extendedKeyUsage === 'required',
        allowAnyExtendedKeyUsage: extendedKeyUsage === 'any'
      })
    } catch (error) {
      // It names them `anchors[0]` and so on.
      throw new OptionsError(`${path}.${(error as Error).message.replace(/^anchors/, 'ca')}; allowed: certificates of authorities that RFC 5280 allows`)
    }
  }
}

const derOf = (pem: string): Uint8Array => new X509Certificate(pem).raw
