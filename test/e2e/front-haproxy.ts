import { findProgram } from '../../examples/shared/program.ts'
import type { Pki } from '../../examples/demo/pki.ts'
import { startProxy, type ProxyProcess } from './proxy-process.ts'

export const haproxy = findProgram('haproxy')

/** What we recommend for the preset: no header without a certificate, and nothing of the client's under either name. */
export const recommended = `
    http-request del-header X-SSL-Cert
    http-request del-header X-SSL-Verify
    http-request set-header X-SSL-Cert %[ssl_c_der,base64] if { ssl_c_used }
    http-request set-header X-SSL-Verify %[ssl_c_verify] if { ssl_c_used }`

/** The same without taking away what the client sent, and without conditions either: what users write, and what forgeries get through. */
export const setters = recommended.split('\n').filter((line) => line.includes('set-header')).join('\n')
export const unconditional = setters.replaceAll(' if { ssl_c_used }', '')

/** Lets every certificate through, with the verdict beside it. */
export const anyCertificate = 'verify optional ca-file ca.pem ca-ignore-err all crt-ignore-err all'

export interface HaproxyOptions {
  readonly pki: Pki
  readonly upstreamPort: number
  /** Lines of the frontend. */
  readonly directives?: string
  /** What the `bind` line says about client certificates. */
  readonly clients?: string
}

export async function startHaproxy ({ pki, upstreamPort, directives = recommended, clients = anyCertificate }: HaproxyOptions): Promise<ProxyProcess> {
  if (haproxy === null) throw new Error('haproxy is not installed')
  return await startProxy(pki, {
    path: haproxy,
    args: ['-db', '-f', 'haproxy.cfg'],
    // Without noreuseport two HAProxies may listen on one port and share its connections.
    configuration: (port) => ({
      'haproxy.cfg': `
global
    nbthread 1
    maxconn 100
    noreuseport

defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s

frontend clients
    bind 127.0.0.1:${port} ssl crt server.pem ${clients} alpn h2,http/1.1
${directives}
    default_backend service

backend service
    server app 127.0.0.1:${upstreamPort}
`
    })
  })
}
