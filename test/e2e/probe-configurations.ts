import { recommended as apache, startApache } from './front-apache.ts'
import { recommended as caddy, startCaddy } from './front-caddy.ts'
import { recommended as haproxy, startHaproxy } from './front-haproxy.ts'
import { setters as nginx, startNginx, type NginxOptions } from './front-nginx.ts'

const haproxySetters = haproxy.split('\n').filter((line) => line.includes('set-header')).join('\n')
const haproxyAlways = haproxySetters.replaceAll(' if { ssl_c_used }', '')
const apacheSetters = apache.split('\n').filter((line) => line.includes('RequestHeader set')).join('\n')
const apacheAlways = apacheSetters.replace(/ "expr=-n .*"/g, '')
const caddyValue = '{http.request.tls.client.certificate_der_base64}'

/** What a probe finds; shapes that are not named are stopped, but those that `refused` leaves open where it is absent. */
export interface Expected {
  readonly FORGED?: readonly string[]
  readonly lost?: readonly string[]
  readonly refused?: readonly string[]
  /** Where it is forged: on every connection, or only on those with or without a certificate. */
  readonly on?: 'every' | 'certificate' | 'none'
}

const sent = ['same names, with the verdict', 'other case', 'upper case', 'lower case', 'HTTP/1.0', 'absolute target']
const aliases = ['underscores and dashes swapped', 'dots']
const named = ['Connection names the certificate header', 'Connection names the verify header', 'Connection names both', 'Connection names what is sent']
const verdicts = ['verify header alone', 'verify header alone, good']
const doubled = [...sent, 'same name', 'twice', 'empty', 'empty, then the value', 'value folded', ...aliases]

interface NginxLines extends Pick<NginxOptions, 'pki' | 'upstreamPort'> {
  /** Of the location that is sent on. */
  readonly directives?: string
  /** Of the server. */
  readonly more?: string
  readonly clients?: string
}

async function startLines ({ directives = nginx, more = '', clients = 'ssl_verify_client optional_no_ca;', ...rest }: NginxLines): ReturnType<typeof startNginx> {
  const location = `location / {\n${directives}\n  proxy_pass http://10.0.0.7:3000;\n}`
  return await startNginx({ ...rest, directives: `${clients}\nssl_client_certificate /etc/nginx/partners-ca.pem;\n${more}\n${location}` })
}

/** Configurations of real fronts, good ones and those that people write by mistake, with what is found. */
export const configurations = {
  nginx: {
    start: startLines,
    of: {
      recommended: [{}, { refused: [] }],
      'a certificate required': [{ clients: 'ssl_verify_client on;' }, { refused: [] }],
      'underscores_in_headers on': [{ more: 'underscores_in_headers on;' }, { refused: ['underscores and dashes swapped'] }],
      'inheritance lost in one location': [
        { more: nginx, directives: '      proxy_set_header X-Other a;' },
        { FORGED: [...sent, 'bare line feed', 'Connection names what is sent'] }
      ],
      'the verdict set, the certificate not': [
        { directives: '      proxy_set_header X-SSL-Verify $ssl_client_verify;' },
        { FORGED: [...sent, 'same name', 'bare line feed', 'Connection names what is sent'], on: 'certificate' }
      ],
      'the certificate set, the verdict not': [
        { directives: '      proxy_set_header X-SSL-Cert $ssl_client_escaped_cert;' },
        { FORGED: [...sent, ...verdicts, 'empty, then the value', 'bare line feed', 'Connection names what is sent'], on: 'certificate' }
      ]
    }
  },
  haproxy: {
    start: startHaproxy,
    of: {
      recommended: [{}, { refused: [...aliases, ...named] }],
      'a certificate required': [{ clients: 'verify required ca-file ca.pem' }, { refused: [...aliases, ...named] }],
      'without conditions': [{ directives: haproxyAlways }, { refused: [...aliases, ...named] }],
      'a condition without del-header': [{ directives: haproxySetters }, { FORGED: [...sent, 'value folded', 'bare line feed'], on: 'none' }],
      'add-header': [
        { directives: haproxyAlways.replaceAll('set-header', 'add-header') },
        { refused: [...doubled, ...verdicts, ...named, 'verify header twice', 'bare line feed'] }
      ],
      'add-header with a condition': [
        { directives: haproxySetters.replaceAll('set-header', 'add-header') },
        { FORGED: [...sent, 'value folded', 'bare line feed'], on: 'none' }
      ],
      'another frontend without any of it': [{ directives: '' }, { FORGED: [...sent, 'value folded', 'bare line feed'] }],
      'the certificate set, the verdict not': [
        { directives: haproxy.split('\n').filter((line) => !line.includes('Verify')).join('\n') },
        { FORGED: [...sent, ...verdicts, 'empty, then the value', 'value folded', 'bare line feed'], on: 'certificate' }
      ]
    }
  },
  apache: {
    start: startApache,
    of: {
      recommended: [{}, { refused: aliases }],
      'a certificate required': [{ clients: 'SSLVerifyClient require' }, { refused: aliases }],
      'Connection not edited': [{ directives: apache.replace(/ *RequestHeader edit.*/, '') }, { refused: aliases, lost: named }],
      'a condition without unset': [{ directives: apacheSetters }, { FORGED: [...sent, 'value folded'], on: 'none', lost: named }],
      setifempty: [
        { directives: apacheAlways.replaceAll('RequestHeader set', 'RequestHeader setifempty') },
        { FORGED: [...sent, 'value folded', 'same name', 'verify header alone', 'verify header twice'], lost: [...named, 'empty'] }
      ],
      add: [
        { directives: apacheAlways.replaceAll('RequestHeader set', 'RequestHeader add') },
        { refused: [...doubled, ...verdicts, 'verify header twice'], lost: named }
      ],
      append: [
        { directives: apacheAlways.replaceAll('RequestHeader set', 'RequestHeader append') },
        { refused: [...doubled, ...verdicts, 'verify header twice'], lost: named }
      ],
      'another location without any of it': [{ directives: '' }, { FORGED: [...sent, 'value folded'] }]
    }
  },
  caddy: {
    start: startCaddy,
    of: {
      recommended: [{}, { refused: aliases }],
      'a certificate required': [{ clients: 'mode require_and_verify\n      trusted_ca_cert_file ca.pem' }, { refused: aliases }],
      'header_up with a plus': [{ directives: caddy.replace('X-SSL-Cert', '+X-SSL-Cert') }, { refused: [...doubled.slice(1), 'bare line feed'] }],
      request_header: [{ directives: '', more: `  request_header X-SSL-Cert ${caddyValue}` }, { refused: aliases, lost: ['Connection names the certificate header', 'Connection names what is sent'] }],
      'request_header for some paths only': [
        { directives: '', more: `  @api path /api/*\n  request_header @api X-SSL-Cert ${caddyValue}` },
        { FORGED: [...sent.slice(1), 'same name', 'value folded', 'bare line feed'] }
      ],
      'another route without it': [{ directives: '' }, { FORGED: [...sent.slice(1), 'same name', 'value folded', 'bare line feed'] }]
    }
  }
} as const satisfies Record<string, { start: unknown, of: Record<string, readonly [options: object, expected: Expected]> }>
