import type { FormatName } from './formats.ts'

export interface Preset {
  readonly header: string
  readonly format: FormatName
  readonly verified: { readonly header: string, readonly value: string } | false
}

/**
 * What the configuration that the README recommends for each proxy sends. HAProxy's `0` also stands for "no certificate", so
 * it counts only beside one. Where there is no verdict to send, the proxy must verify what it lets through, or nothing but the thumbprint counts.
 */
export const presets = {
  nginx: { header: 'x-ssl-cert', format: 'url-pem', verified: { header: 'x-ssl-verify', value: 'SUCCESS' } },
  apache: { header: 'x-ssl-cert', format: 'url-pem', verified: { header: 'x-ssl-verify', value: 'SUCCESS' } },
  haproxy: { header: 'x-ssl-cert', format: 'base64-der', verified: { header: 'x-ssl-verify', value: '0' } },
  caddy: { header: 'x-ssl-cert', format: 'base64-der', verified: false },
  'ingress-nginx': { header: 'ssl-client-cert', format: 'url-pem', verified: { header: 'ssl-client-verify', value: 'SUCCESS' } },
  openshift: { header: 'x-ssl-client-der', format: 'base64-der', verified: { header: 'x-ssl-client-verify', value: '0' } },
  envoy: { header: 'x-forwarded-client-cert', format: 'xfcc', verified: false },
  traefik: { header: 'x-forwarded-tls-client-cert', format: 'base64-der-list', verified: false },
  kong: { header: 'x-client-cert', format: 'url-pem', verified: false },
  'aws-alb': { header: 'x-amzn-mtls-clientcert-leaf', format: 'url-pem', verified: false },
  'aws-cloudfront': { header: 'cloudfront-viewer-cert-pem', format: 'url-pem', verified: { header: 'cloudfront-viewer-cert-present', value: '1' } },
  gcp: { header: 'x-client-cert-leaf', format: 'rfc9440', verified: { header: 'x-client-cert-chain-verified', value: 'true' } },
  'azure-app-gateway': { header: 'x-client-cert', format: 'url-pem', verified: { header: 'x-client-cert-verification', value: 'SUCCESS' } },
  'azure-app-service': { header: 'x-arr-clientcert', format: 'base64-der', verified: false },
  cloudflare: { header: 'client-cert', format: 'rfc9440', verified: false },
  akamai: { header: 'akamai-cc-der', format: 'rfc9440', verified: false },
  rfc9440: { header: 'client-cert', format: 'rfc9440', verified: false }
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets
