import { buildConnector } from 'undici'
import type { UpstreamOptions } from '../options.ts'
import { renewed } from '../renewed.ts'
import { authoritiesInFile, filesOf, resolveCertificateAuthorities, textOf } from '../secret.ts'

/**
 * Makes connections to an upstream. A CA file is read again when it changes: new connections are verified by the new one.
 *
 * @throws OptionsError
 */
export async function upstreamConnector ({ tls }: UpstreamOptions, timeout: number, path: string, onTrouble: (detail: string) => void): Promise<buildConnector.connector> {
  // reply-from does not verify certificates unless told to.
  const verifying = { timeout, rejectUnauthorized: true }
  const ca = tls?.ca
  if (ca === undefined) return buildConnector(verifying)
  const trusting = (authorities: readonly string[]): buildConnector.connector => buildConnector({ ...verifying, ca: [...authorities] })
  const [file] = filesOf(ca)
  const current = renewed(file === undefined ? [] : [file], trusting(await resolveCertificateAuthorities(ca, `${path}.tls.ca`)),
    () => trusting(authoritiesInFile(file as string, `${path}.tls.ca`)),
    (error) => onTrouble(`the new CA file is not used: ${textOf(error)}`))
  return (options, callback) => current()(options, callback)
}
