import { existsSync } from 'node:fs'
import { findProgram } from '../../examples/shared/program.ts'
import type { Pki } from '../../examples/demo/pki.ts'
import { startProxy, type ProxyProcess } from './proxy-process.ts'

// Debian calls the program apache2, others httpd; what is called httpd there may be something else.
export const apache = findProgram('apache2') ?? findProgram('httpd')

/**
 * What we recommend for the preset: no header without a certificate, and nothing of the client's under either name. The last line
 * is for `Connection: X-SSL-Verify`, by which a client could have Apache remove the verdict that Apache itself has set.
 */
export const recommended = `
    RequestHeader unset X-SSL-Cert
    RequestHeader unset X-SSL-Verify
    RequestHeader set X-SSL-Cert "expr=%{escape:%{SSL_CLIENT_CERT}}" "expr=-n %{SSL_CLIENT_CERT}"
    RequestHeader set X-SSL-Verify "expr=%{SSL_CLIENT_VERIFY}" "expr=-n %{SSL_CLIENT_CERT}"
    RequestHeader edit* Connection "(?i)x-ssl-[a-z-]+" ""`

/** The same without taking away what the client sent, and without conditions either: what users write, and what forgeries get through. */
export const setters = recommended.split('\n').filter((line) => line.includes('RequestHeader set')).join('\n')
export const unconditional = setters.replace(/ "expr=-n .*"/g, '')

export interface ApacheOptions {
  readonly pki: Pki
  readonly upstreamPort: number
  /** Lines of the location that is sent on. */
  readonly directives?: string
  /** Further lines of the server, such as other locations; PORT stands for that of the service. */
  readonly more?: string
  /** What is asked of client certificates. */
  readonly clients?: string
}

const modules = ['mpm_event', 'authz_core', 'headers', 'proxy', 'proxy_http', 'setenvif', 'socache_shmcb', 'ssl', 'http2']
const folders = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2', '/opt/homebrew/lib/httpd/modules']

export async function startApache ({ pki, upstreamPort, directives = recommended, more = '', clients = 'SSLVerifyClient optional_no_ca' }: ApacheOptions): Promise<ProxyProcess> {
  const folder = folders.find((path) => existsSync(path))
  if (apache === null || folder === undefined) throw new Error('Apache is not installed')
  return await startProxy(pki, {
    path: apache,
    args: ['-X', '-d', '.', '-f', 'httpd.conf'],
    configuration: (port) => ({
      'httpd.conf': `
${modules.map((name) => `LoadModule ${name}_module ${folder}/mod_${name}.so`).join('\n')}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile httpd.pid
DefaultRuntimeDir .
ErrorLog error.log
ServerLimit 1
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 25
Protocols h2 http/1.1

SSLEngine on
SSLCertificateFile server.pem
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLSessionCache shmcb:sessions(512000)
SSLCACertificateFile ca.pem
${clients}

<Location />
${directives}
    ProxyPass http://127.0.0.1:${upstreamPort}/
</Location>
${more.replaceAll('PORT', String(upstreamPort))}
`
    })
  })
}
