import type { FormatName } from './formats.ts'

export interface Preset {
  readonly header: string
  readonly format: FormatName
  readonly verified: { readonly header: string, readonly value: string } | false
}

/**
 * What the configuration that the README recommends for each proxy sends. HAProxy's `0` also stands for "no certificate", so
 * it counts only beside one; Caddy and RFC 9440 have no verdict to send.
 */
export const presets = {
  nginx: { header: 'x-ssl-cert', format: 'url-pem', verified: { header: 'x-ssl-verify', value: 'SUCCESS' } },
  apache: { header: 'x-ssl-cert', format: 'url-pem', verified: { header: 'x-ssl-verify', value: 'SUCCESS' } },
  haproxy: { header: 'x-ssl-cert', format: 'base64-der', verified: { header: 'x-ssl-verify', value: '0' } },
  caddy: { header: 'x-ssl-cert', format: 'base64-der', verified: false },
  rfc9440: { header: 'client-cert', format: 'rfc9440', verified: false }
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets
