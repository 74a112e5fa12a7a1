import { findProgram } from '../../examples/shared/program.ts'
import type { Pki } from '../../examples/demo/pki.ts'
import { startProxy, type ProxyProcess } from './proxy-process.ts'

export const nginx = findProgram('nginx')

/** What we recommend for the preset, in the server block. Where there is no certificate, nginx takes the client's own header away as well. */
export const recommended = `
ssl_verify_client on;
ssl_client_certificate /etc/nginx/partners-ca.pem;

location / {
  proxy_set_header X-SSL-Cert   $ssl_client_escaped_cert;
  proxy_set_header X-SSL-Verify $ssl_client_verify;
  proxy_set_header Host         $host;
  proxy_pass http://10.0.0.7:3000;
}`

/** The lines of a location that is sent on. */
export const setters = recommended.split('\n').filter((line) => line.includes(' X-SSL-')).join('\n')

/** The recommended lines, but with another word about client certificates. */
export function asking (clients: 'optional' | 'optional_no_ca'): string {
  return recommended.replace('ssl_verify_client on;', `ssl_verify_client ${clients};`)
}

/** The trap: both lines stand in the server block, and the location has a line of its own, so that it inherits neither. */
export const inheritanceLost = `${setters}\n${asking('optional').replace(setters, '')}`

export interface NginxOptions {
  readonly pki: Pki
  readonly upstreamPort: number
  /** Lines of the server, with the addresses and paths of the recommended ones. */
  readonly directives?: string
}

export async function startNginx ({ pki, upstreamPort, directives = recommended }: NginxOptions): Promise<ProxyProcess> {
  if (nginx === null) throw new Error('nginx is not installed')
  return await startProxy(pki, {
    path: nginx,
    args: ['-p', './', '-c', 'nginx.conf', '-e', 'stderr'],
    configuration: (port) => ({
      'nginx.conf': `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate server.pem;
    ssl_certificate_key server.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:sessions:1m;
${directives.replaceAll('10.0.0.7:3000', `127.0.0.1:${upstreamPort}`).replace('/etc/nginx/partners-ca.pem', 'ca.pem')}
  }
}
`
    })
  })
}
