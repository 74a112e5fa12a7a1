import { readFileSync } from 'node:fs'
import type { CertificateOptions } from '../../types/options.ts'
import type { FieldLine } from './inbound.ts'

export interface HeaderCase {
  readonly id: string
  readonly format: string
  readonly lines: readonly FieldLine[]
  readonly expect: string
}

interface HeaderCases {
  readonly certificate_pem: string
  readonly other_certificate_pem: string
  readonly 'x5t#S256': string
  readonly 'x5t#S256_other': string
  readonly cases: readonly HeaderCase[]
}

function read<Content> (name: string): Content {
  return JSON.parse(readFileSync(new URL(`../../fixtures/vectors/${name}.json`, import.meta.url), 'utf8')) as Content
}

export const headerCases = read<HeaderCases>('client-cert-headers')
export const connect2id = read<{ header: string, value: string, 'x5t#S256': string }>('connect2id')
export const rfc8705 = read<{ certificate_pem: string, 'x5t#S256': string }>('rfc8705')
export const rfc9440 = read<{ 'Client-Cert': string, 'x5t#S256': string }>('rfc9440')

const proxies = { trustedProxies: ['127.0.0.1'] }

/** How each format of the cases is configured. */
export const supported: Readonly<Record<string, CertificateOptions>> = {
  rfc9440: { header: 'Client-Cert', format: 'rfc9440', ...proxies },
  'pem-urlencoded': { header: 'X-Client-Cert', format: 'url-pem', ...proxies },
  'pem-spaces': { header: 'X-Client-Cert', format: 'pem', ...proxies },
  'der-base64': { header: 'X-Client-Cert', format: 'base64-der', ...proxies },
  'with-verify-header': {
    header: 'X-Client-Cert', format: 'url-pem', verified: { header: 'X-Client-Verify', value: 'SUCCESS' }, ...proxies
  },
  'rfc9440-chain': { preset: 'rfc9440', chain: { header: 'Client-Cert-Chain', format: 'rfc9440' }, ...proxies }
}

export const { cases } = headerCases
