import type { Front } from './front.ts'
import type { Outcome } from './judge.ts'

const authorityErrors = new Set(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT'])
const askForCertificate = 'if the front asks for a client certificate, say --cert and --key'

/** Why the echo may not have answered, and what to do about it. */
export function explain (outcome: Outcome, { url }: Front, hasCertificate: boolean): string {
  return 'error' in outcome ? explainError(outcome.error, url, hasCertificate) : explainStatus(outcome.answer.status, hasCertificate)
}

function explainError ({ code = '', message }: NodeJS.ErrnoException, url: URL, hasCertificate: boolean): string {
  if (authorityErrors.has(code)) return `the front's certificate is of an authority that is not trusted here (${code}): say --ca with a PEM file`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'the front\'s certificate is for another name: say --servername'
  if (code === 'CERT_HAS_EXPIRED') return 'the front\'s certificate has expired'
  if (code === 'ETIMEDOUT') return `${message}: see whether the address is right, or say a longer --timeout`
  if (/^(ERR_SSL|ECONNRESET|EPROTO|EPIPE)/.test(code) || code === '') {
    const what = code === '' ? message : `the connection broke (${code})`
    return hasCertificate ? `${what}: the front may not take the certificate of --cert, or speak no TLS at this port` : `${what}; ${askForCertificate}`
  }
  return `no connection to ${url.host} (${code})`
}

function explainStatus (status: number, hasCertificate: boolean): string {
  const isAboutCertificate = [400, 401, 403, 495, 496].includes(status)
  return [
    `the answer was ${status} and not the echo. One of these is so:`,
    ...isAboutCertificate && hasCertificate ? ['the front does not take the certificate of --cert: it has expired, or is of an authority that the front does not know;'] : [],
    'the application has no option `probe`, or another secret;',
    'the run is over (5 minutes, 1000 requests, or an earlier probe): start the application again;',
    'this path does not lead to the application, or not into the scope of the plugin;',
    'several processes answer at this address and not all of them have the option;',
    'the proxy removes the header `bound-token-probe`, or answers by itself' + (hasCertificate || !isAboutCertificate ? '.' : `: ${askForCertificate}.`)
  ].join('\n  ')
}
