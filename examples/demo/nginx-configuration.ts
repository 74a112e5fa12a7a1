import { forbiddenToClients } from './front.ts'
import type { FrontOptions } from './front.ts'

export interface NginxConfigurationOptions extends FrontOptions {
  readonly extraServerDirectives?: string
}

/** Every path is relative to the prefix that nginx is started with (`-p`), so nothing lies outside of it. */
export function nginxConfiguration (port: number, options: NginxConfigurationOptions): string {
  const { target, extraServerDirectives = '' } = options
  const { certificateHeader = 'X-SSL-Cert', verifyHeader = 'X-SSL-Verify' } = options
  const upstream = 'socketPath' in target ? `unix:${target.socketPath}` : `127.0.0.1:${target.port}`

  return `
daemon off;
# One process, so that one pid is all there is to end.
master_process off;
${userDirective()}
pid nginx.pid;
error_log error.log;

events {
  worker_connections 512;
}

http {
  access_log off;
  client_body_temp_path temp/client_body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;

  upstream service {
    server ${quoted(upstream)};
  }

  server {
    listen 127.0.0.1:${port} ssl;
    server_name localhost;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:front:1m;

    # Asks for a certificate, and takes one of an unknown issuer too: a self-signed certificate is proved by its
    # thumbprint in the access token. The verdict goes to the service. This authority is trusted but not announced,
    # since some clients keep a certificate back whose issuer is not on the list.
    ssl_verify_client optional_no_ca;
    ssl_verify_depth 1;
    ssl_trusted_certificate ca.pem;

    # Room for a request that brings a large certificate in a header, which is then dropped.
    large_client_header_buffers 4 32k;

    # Setting a header also drops what the client sent under its name; without a certificate the value is empty and
    # the header is left out. A location with a proxy_set_header of its own inherits NONE of these: repeat them there.
    proxy_set_header ${headerName(certificateHeader)} $ssl_client_escaped_cert;
    proxy_set_header ${headerName(verifyHeader)} $ssl_client_verify;
${emptied(certificateHeader, verifyHeader).map((name) => `    proxy_set_header ${name} "";`).join('\n')}
    proxy_set_header Host $http_host;
    # A service that refuses early and closes would reset the connection before its answer is read.
    proxy_set_header Connection "";
    proxy_http_version 1.1;

    ${extraServerDirectives}

    location / {
      proxy_pass http://service;
    }
  }
}
`
}

// As root, nginx would give its directories to an unprivileged user, who may not enter a 0700 directory of root's.
function userDirective (): string {
  if (process.getuid?.() !== 0) return ''
  return process.platform === 'linux' ? 'user root root;' : 'user root wheel;'
}

// The underscore spellings are not here: nginx drops every header with an underscore unless it is told otherwise.
function emptied (certificateHeader: string, verifyHeader: string): string[] {
  const set = [certificateHeader, verifyHeader].map((name) => name.toLowerCase())
  return [...forbiddenToClients(certificateHeader, verifyHeader)].filter((name) => !set.includes(name))
}

function headerName (name: string): string {
  if (!/^[\w-]+$/.test(name)) throw new TypeError(`not a header name: ${name}`)
  return name
}

function quoted (value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}
