// Who is measured. Every one has the same route and handler, and gets the same requests as the one that it is compared with.

import { usualTraffic, type Contender, type Group, type Traffic } from './contender.ts'
import { introspectionByHand, joseByHand, redisByHand } from './contenders/by-hand.ts'
import { plain } from './contenders/fastify.ts'
import { guarded } from './contenders/guarded.ts'
import { packages } from './contenders/packages.ts'
import { proxied } from './contenders/proxied.ts'

const signed: Traffic = { ...usualTraffic, tokens: 'signed' }

/** Each with plain Fastify beside it, which gets the same requests. */
function pair (what: string, traffic: Traffic, ofOurs: (name: string, more: Partial<Contender>) => Contender, flags: readonly string[] = []): Contender[] {
  const base = { ...plain(traffic, `plain Fastify, ${what}`), flags }
  return [base, ofOurs(`guarded, ${what}`, { traffic, against: base.name, flags })]
}

function ofSize (known: number, tokens: 'opaque' | 'hs256', inUse = known): Contender[] {
  // Parts of a large cache are bounded each by itself: without some room left, a few tokens would not be known.
  const ways = { issuer: tokens === 'opaque' ? 'introspection' : tokens, cache: { maxEntries: Math.max(10_000, Math.ceil(known * 1.05)) } } as const
  const what = `${known.toLocaleString('en-GB')} known ${tokens === 'opaque' ? 'opaque tokens' : 'JWTs'}`.replace(/^1 known (.*)s$/, '1 known $1')
  return pair(inUse === known ? what : `${inUse.toLocaleString('en-GB')} of ${what}`, { ...usualTraffic, tokens, known, inUse }, (name, more) => guarded(name, ways, more), ['--expose-gc'])
}

export const groups: readonly Group[] = [
  {
    name: 'opaque',
    about: 'a known opaque token',
    contenders: [
      plain(usualTraffic),
      guarded('guarded, token known'),
      guarded('guarded, token known, report mode', { route: { mode: 'report' } }),
      guarded('guarded, token known, chain validated', { certificate: ({ ca }) => ({ trust: { ca } }) })
    ]
  },
  {
    name: 'jwt',
    about: 'a JWT by RS256, and what else verifies it',
    contenders: [
      plain(signed),
      guarded('guarded, JWT known', { issuer: 'signed' }, { traffic: signed }),
      guarded('guarded, JWT verified each time', { issuer: 'signed', route: { cache: false } }, { traffic: signed }),
      ...packages,
      ...joseByHand
    ]
  },
  {
    name: 'format',
    about: 'how the certificate is written, with a known token',
    contenders: [
      ...pair('url-encoded PEM', { ...usualTraffic, format: 'url-pem' }, (name, more) => guarded(name, { certificate: { preset: 'nginx' } }, more)),
      ...pair('base64 DER', { ...usualTraffic, format: 'base64-der' }, (name, more) => guarded(name, { certificate: { preset: 'haproxy' } }, more)),
      ...pair('RFC 9440', { ...usualTraffic, format: 'rfc9440' }, (name, more) => guarded(name, { certificate: { preset: 'rfc9440' } }, more))
    ]
  },
  {
    name: 'size',
    about: 'how many tokens are known, with requests spread over all of them, or over so many of them; 7 rounds at most',
    mostRounds: 7,
    mostStarts: 1,
    contenders: [...[1, 1000, 100_000, 1_000_000].flatMap((known) => ofSize(known, 'opaque')), ...ofSize(1_000_000, 'opaque', 20_000), ...[1000, 100_000].flatMap((known) => ofSize(known, 'hs256'))]
  },
  {
    name: 'hits',
    about: 'how many of a hundred requests carry a known token; 10,000 are remembered at most, and the others are asked for; 7 rounds at most',
    mostRounds: 7,
    mostStarts: 1,
    contenders: [
      plain(usualTraffic),
      ...[100, 99, 90, 50, 0].map((hitPercent) => guarded(`guarded, ${hitPercent} % known`, {}, { traffic: { ...usualTraffic, hitPercent } }))
    ]
  },
  {
    name: 'misses',
    about: 'a token that must be asked for by each request',
    contenders: [
      plain(usualTraffic),
      introspectionByHand,
      guarded('guarded, token asked for each time', { route: { cache: false } }, { beyond: introspectionByHand.name }),
      guarded('guarded, a new token each time', {}, { traffic: { ...usualTraffic, hitPercent: 0 }, beyond: introspectionByHand.name })
    ]
  },
  {
    name: 'redis',
    about: 'a token that only Redis knows: there is room for one in the process',
    contenders: [
      plain(usualTraffic),
      redisByHand,
      guarded('guarded, token known to Redis', {
        cache: ({ redis }) => ({ maxEntries: 1, secret: `a-secret-for-the-bench-${String(process.pid).padStart(12, '0')}`, store: { redis: { url: redis as string }, timeout: 5000 } })
      }, { needs: 'redis', beyond: redisByHand.name })
    ]
  },
  {
    name: 'proxied',
    about: 'forwarded to a server in one more process',
    contenders: proxied
  }
]
