import { findNginx } from '../../examples/demo/front-nginx.ts'
import type { Pki } from '../../examples/demo/pki.ts'
import { startProxy, type ProxyProcess } from './proxy-process.ts'

export const nginx = findNginx()

/** What we recommend for the preset, in every location that is sent on. */
export const recommended = `
      proxy_set_header X-SSL-Cert   $ssl_client_escaped_cert;
      proxy_set_header X-SSL-Verify $ssl_client_verify;
      proxy_set_header Host         $host;`

export interface NginxOptions {
  readonly pki: Pki
  readonly upstreamPort: number
  /** Lines of the location that is sent on. */
  readonly directives?: string
  /** Further lines of the server; PORT stands for that of the service. */
  readonly more?: string
  /** What is asked of client certificates. */
  readonly clients?: string
}

export async function startNginx ({ pki, upstreamPort, directives = recommended, more = '', clients = 'ssl_verify_client optional_no_ca;' }: NginxOptions): Promise<ProxyProcess> {
  if (nginx === null) throw new Error('nginx is not installed')
  return await startProxy(pki, {
    path: nginx,
    args: ['-p', './', '-c', 'nginx.conf', '-e', 'error.log'],
    configuration: (port) => ({
      'nginx.conf': `
daemon off; master_process off; pid nginx.pid; error_log error.log; events {}
http {
  access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
  server {
    listen 127.0.0.1:${port} ssl http2;
    server_name localhost;
    ssl_certificate server.pem; ssl_certificate_key server.pem; ssl_client_certificate ca.pem;
    ${clients}
${more.replaceAll('PORT', String(upstreamPort))}
    location / {
${directives}
      proxy_pass http://127.0.0.1:${upstreamPort};
    }
  }
}
`
    })
  })
}
