import type { ClientCertificate, Pki } from '../../examples/demo/pki.ts'
import { ambiguous, badRequest, everybody, missing, type Verdicts } from './forgeries.ts'
import { apache, setters as apacheSetters, startApache, unconditional as apacheUnconditional } from './front-apache.ts'
import { caddy, placeholder, recommended as caddyRecommended, startCaddy, verifying } from './front-caddy.ts'
import { haproxy, setters as haproxySetters, startHaproxy, unconditional as haproxyUnconditional } from './front-haproxy.ts'
import { asking, inheritanceLost, nginx, startNginx } from './front-nginx.ts'
import type { ProxyProcess } from './proxy-process.ts'

/** What users write instead of what we recommend, and what comes of each forgery: by the owner, by a thief with a certificate, by one without. */
interface Spoofable {
  readonly verdicts: Readonly<Record<string, Verdicts>> & { readonly else: Verdicts }
  start (pki: Pki, upstreamPort: number): Promise<ProxyProcess>
}

interface ProxyKind {
  readonly program: string | null
  /** As the preset wants the certificate and a good verdict. */
  write (who: ClientCertificate): string
  readonly verdict: string
  readonly configurations: Readonly<Record<string, Spoofable>>
}

const [placeholderFound, unverified, anybody] = [everybody('certificate_placeholder'), everybody('certificate_unverified'), everybody('taken')]
// The proxy's own value stands: what is written when there is no certificate differs.
const own: Verdicts = ['taken', 'binding_mismatch', 'certificate_missing']
const ownOrPlaceholder: Verdicts = ['taken', 'binding_mismatch', 'certificate_placeholder']

/** Nobody behind the proxy can tell: with nothing set, whatever stands there is the client's, and once only. */
const throughAndThrough = {
  'the same name': anybody,
  'another case': anybody,
  twice: ambiguous,
  'an empty one': placeholderFound
}
/** All but nginx send names with other signs on. */
const otherSigns = { underscores: ambiguous, dots: ambiguous, 'space before the colon': badRequest }
const seenTwice = { 'the same name': ambiguous, 'another case': ambiguous, twice: ambiguous, 'an empty one': ambiguous }

const nginxRefuses = { folded: badRequest, 'space before the colon': badRequest, 'trailer by HTTP/2': everybody('proxy: HTTP/2 error') }
const nginxNothing = { else: missing, ...throughAndThrough, 'Connection takes off what the proxy sets': anybody, 'bare line feed': anybody, ...nginxRefuses }
// HAProxy sends `Connection` on, and there it is seen.
const haproxyAlways = {
  ...otherSigns,
  'Connection takes off the certificate': ambiguous,
  'Connection takes off the verdict': ambiguous,
  'Connection takes off what the proxy sets': ambiguous
}
// Apache acts on `Connection` after it has set the lines.
const apacheAlways = {
  ...otherSigns,
  'Connection takes off the certificate': missing,
  'Connection takes off what the proxy sets': missing,
  'bare line feed': badRequest
}
const verdictTaken: Verdicts = ['certificate_unverified', 'certificate_unverified', 'certificate_placeholder']

export const proxies: Readonly<Record<'nginx' | 'haproxy' | 'apache' | 'caddy', ProxyKind>> = {
  nginx: {
    program: nginx,
    write: ({ certificate }) => encodeURIComponent(certificate),
    verdict: 'SUCCESS',
    configurations: {
      'proxy_set_header lost by inheritance': { verdicts: nginxNothing, start: nginxWith(inheritanceLost) },
      'another location without any of it': { verdicts: nginxNothing, start: nginxWith(asking('optional').replace(/proxy_set_header .*;/g, '')) }
    }
  },
  haproxy: {
    program: haproxy,
    write: ({ der }) => der.toString('base64'),
    verdict: '0',
    configurations: {
      'a condition without del-header': {
        verdicts: {
          else: own,
          ...haproxyAlways,
          'the same name': ['taken', 'binding_mismatch', 'taken'],
          'another case': ['taken', 'binding_mismatch', 'taken'],
          'bare line feed': ['taken', 'binding_mismatch', 'taken'],
          twice: ['taken', 'binding_mismatch', 'certificate_ambiguous'],
          'an empty one': ownOrPlaceholder
        },
        start: haproxyWith(haproxySetters)
      },
      'add-header': {
        verdicts: { else: ownOrPlaceholder, ...haproxyAlways, ...seenTwice, 'the verdict alone': ambiguous, 'bare line feed': ambiguous },
        start: haproxyWith(haproxyUnconditional.replaceAll('set-header', 'add-header'))
      },
      'add-header with a condition': {
        verdicts: {
          else: own,
          ...haproxyAlways,
          ...seenTwice,
          'the same name': ['certificate_ambiguous', 'certificate_ambiguous', 'taken'],
          'another case': ['certificate_ambiguous', 'certificate_ambiguous', 'taken'],
          'bare line feed': ['certificate_ambiguous', 'certificate_ambiguous', 'taken'],
          'an empty one': ['certificate_ambiguous', 'certificate_ambiguous', 'certificate_placeholder'],
          'the verdict alone': ['certificate_ambiguous', 'certificate_ambiguous', 'certificate_missing']
        },
        start: haproxyWith(haproxySetters.replaceAll('set-header', 'add-header'))
      },
      'another frontend without any of it': { verdicts: { else: missing, ...haproxyAlways, ...throughAndThrough, 'bare line feed': anybody }, start: haproxyWith('') }
    }
  },
  apache: {
    program: apache,
    write: ({ certificate }) => encodeURIComponent(certificate),
    verdict: 'SUCCESS',
    configurations: {
      'a condition without unset': {
        verdicts: {
          else: own,
          ...apacheAlways,
          'the same name': ['taken', 'binding_mismatch', 'taken'],
          'another case': ['taken', 'binding_mismatch', 'taken'],
          // Apache makes one line of two, also of the verdicts.
          twice: ['taken', 'binding_mismatch', 'certificate_unverified'],
          'an empty one': ownOrPlaceholder,
          'Connection takes off the verdict': ['certificate_unverified', 'certificate_unverified', 'certificate_missing']
        },
        start: apacheWith(apacheSetters)
      },
      setifempty: {
        verdicts: { else: ownOrPlaceholder, ...apacheAlways, ...throughAndThrough, twice: unverified, 'Connection takes off the verdict': verdictTaken },
        start: apacheWith(apacheUnconditional.replaceAll('RequestHeader set', 'RequestHeader setifempty'))
      },
      append: {
        verdicts: {
          else: ownOrPlaceholder,
          ...apacheAlways,
          'the same name': unverified,
          'another case': unverified,
          twice: unverified,
          'an empty one': ['certificate_ambiguous', 'certificate_ambiguous', 'certificate_unverified'],
          'the verdict alone': verdictTaken,
          'Connection takes off the verdict': verdictTaken
        },
        start: apacheWith(apacheUnconditional.replaceAll('RequestHeader set', 'RequestHeader append'))
      },
      add: {
        verdicts: { else: ownOrPlaceholder, ...apacheAlways, ...seenTwice, 'the verdict alone': ambiguous, 'Connection takes off the verdict': verdictTaken },
        start: apacheWith(apacheUnconditional.replaceAll('RequestHeader set', 'RequestHeader add'))
      },
      'another location without any of it': {
        verdicts: { else: missing, ...apacheAlways, ...throughAndThrough, twice: unverified },
        start: apacheWith('')
      }
    }
  },
  caddy: {
    program: caddy,
    write: ({ der }) => der.toString('base64'),
    verdict: 'SUCCESS',
    configurations: {
      'header_up with a plus': {
        verdicts: { else: ownOrPlaceholder, ...otherSigns, ...seenTwice, 'bare line feed': ambiguous },
        start: caddyWith(caddyRecommended.replace('X-SSL-Cert', '+X-SSL-Cert'))
      },
      'request_header instead of header_up': {
        verdicts: { else: ownOrPlaceholder, ...otherSigns, 'Connection takes off the certificate': missing, 'Connection takes off what the proxy sets': missing },
        start: caddyWith('', `  request_header X-SSL-Cert ${placeholder}`)
      },
      'request_header for some paths only': {
        verdicts: { else: missing, ...otherSigns, ...throughAndThrough, 'bare line feed': anybody },
        start: caddyWith('', `  @api path /api/*\n  request_header @api X-SSL-Cert ${placeholder}`)
      },
      'another route without it': { verdicts: { else: missing, ...otherSigns, ...throughAndThrough, 'bare line feed': anybody }, start: caddyWith('') }
    }
  }
}

function nginxWith (directives: string): Spoofable['start'] {
  return async (pki, upstreamPort) => await startNginx({ pki, upstreamPort, directives })
}

function haproxyWith (directives: string): Spoofable['start'] {
  return async (pki, upstreamPort) => await startHaproxy({ pki, upstreamPort, directives })
}

function apacheWith (directives: string): Spoofable['start'] {
  return async (pki, upstreamPort) => await startApache({ pki, upstreamPort, directives })
}

function caddyWith (directives: string, more = ''): Spoofable['start'] {
  return async (pki, upstreamPort) => await startCaddy({ pki, upstreamPort, directives, more, clients: verifying })
}
