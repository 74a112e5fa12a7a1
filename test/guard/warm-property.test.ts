// Whatever was asked, evicted and changed before: one application says of each request what a model without any memory says.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import fc from 'fast-check'
import type { Reason } from '../../types/decision.ts'
import { owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

const start = 1_800_000_000_000
const people = { owner, stranger }
type Person = keyof typeof people

/** What the authorization server says of a token. */
interface Token { readonly of: Person | null, readonly scope: string, readonly exp: number, readonly isActive: boolean }

const beginning: Readonly<Record<string, Token>> = {
  a: { of: 'owner', scope: 'accounts', exp: start + 3_600_000, isActive: true },
  b: { of: 'owner', scope: 'accounts admin', exp: start + 20_000, isActive: true },
  c: { of: 'stranger', scope: 'admin', exp: start + 3_600_000, isActive: true },
  d: { of: null, scope: 'accounts', exp: start + 3_600_000, isActive: true },
  e: { of: 'owner', scope: '', exp: start + 3_600_000, isActive: false }
}

interface Route { readonly binding: 'required' | 'optional' | 'off', readonly scopes: string[], readonly isReport: boolean }

const routes: Readonly<Record<string, Route>> = {
  '/': { binding: 'required', scopes: [], isReport: false },
  '/admin': { binding: 'required', scopes: ['admin'], isReport: false },
  '/optional': { binding: 'optional', scopes: ['accounts'], isReport: false },
  '/off': { binding: 'off', scopes: [], isReport: false },
  '/report': { binding: 'required', scopes: ['admin'], isReport: true }
}

/** Ways to write a certificate, and what is wrong with the others. */
const spellings: Readonly<Record<string, readonly [spell: (value: string) => string, wrong: Reason | null]>> = {
  plain: [(value) => value, null],
  lower: [(value) => value.replace(/%../g, (escape) => escape.toLowerCase()), null],
  'CR LF': [(value) => value.replaceAll('%0A', '%0D%0A'), null],
  'a space more': [(value) => `${value}%20`, null],
  'a byte more': [(value) => `${value}A`, 'certificate_malformed'],
  'a byte less': [(value) => value.slice(1), 'certificate_malformed'],
  'as long, in other letters': [(value) => value.toLowerCase(), 'certificate_malformed'],
  twice: [(value) => value + value, 'certificate_ambiguous'],
  'the placeholder': [() => '(null)', 'certificate_placeholder']
}

interface Asking { readonly kind: 'ask', readonly token: string, readonly route: string, readonly who: Person | null, readonly spelling: string, readonly isVerified: boolean, readonly peer: string }
type Command =
  | Asking
  | { readonly kind: 'pass', readonly milliseconds: number }
  | { readonly kind: 'evict', readonly by: object }
  /** The authorization server changes its mind, and tells. */
  | { readonly kind: 'change', readonly token: string, readonly to: Token }

/** The verdict of somebody who remembers nothing: who is bound to what, and which route wants what. */
function verdictOf (tokens: ReadonlyMap<string, Token>, now: number, { token, route, who, spelling, isVerified, peer }: Asking): Reason | null {
  const { binding, scopes } = routes[route] as Route
  const [, wrong] = spellings[spelling] as (typeof spellings)[string]
  let absence: Reason | null = null
  if (binding !== 'off') {
    if (who === null) absence = 'certificate_missing'
    else if (peer !== '127.0.0.1') return 'certificate_source_untrusted'
    else if (wrong === 'certificate_placeholder') absence = wrong
    else if (!isVerified) return 'certificate_unverified'
    else if (wrong !== null) return wrong
    if (binding === 'required' && absence !== null) return absence
  }
  const { of, scope, exp, isActive } = tokens.get(token) as Token
  if (!isActive) return 'token_inactive'
  if (exp <= now) return 'token_expired'
  if (binding === 'required' && of === null) return 'binding_missing'
  if (binding !== 'off' && of !== null) {
    if (absence !== null) return absence
    if (of !== who) return 'binding_mismatch'
  }
  return scopes.every((each) => scope.split(' ').includes(each)) ? null : 'scope_insufficient'
}

const statusOf = (reason: Reason | null, isReport: boolean): number => reason === null || isReport ? 200 : reason === 'scope_insufficient' ? 403 : 401

const anyToken = fc.constantFrom(...Object.keys(beginning))
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      token: anyToken,
      route: fc.constantFrom(...Object.keys(routes)),
      who: fc.constantFrom('owner' as const, 'owner' as const, 'owner' as const, 'stranger' as const, null),
      spelling: fc.constantFrom(...Array.from({ length: 6 }, () => 'plain'), ...Object.keys(spellings)),
      isVerified: fc.constantFrom(true, true, true, true, true, false),
      peer: fc.constantFrom('127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2')
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.constantFrom(1, 999, 5000, 19_999, 60_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict' as const), by: fc.constantFrom<object>({ all: true }, { subject: 'alice' }, { clientId: 'partner' }, { token: 'a' }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      token: anyToken,
      to: fc.record({
        of: fc.constantFrom('owner' as const, 'stranger' as const, null),
        scope: fc.constantFrom('accounts', 'admin', 'accounts admin'),
        exp: fc.constantFrom(start + 10_000, start + 3_600_000),
        isActive: fc.boolean()
      })
    })
  }
)

const claimsOf = ({ of, scope, exp, isActive }: Token): object =>
  isActive ? { ...ownersClaims, scope, exp: exp / 1000, cnf: of === null ? undefined : { 'x5t#S256': people[of].thumbprint } } : { active: false }

test('S-25, S-26, S-27: any sequence of requests, evictions, changes and time: each verdict is that of a model without memory', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: start })
  t.after(() => mock.timers.reset())
  const counts = { hits: 0, letIn: 0, refused: 0 }
  await fc.assert(fc.asyncProperty(fc.array(anyCommand, { minLength: 20, maxLength: 80, size: 'max' }), async (commands) => {
    mock.timers.setTime(start)
    const { app, known } = await protectedApp(t, (app) => {
      for (const [url, { binding, scopes, isReport }] of Object.entries(routes)) {
        app.get(url, { config: { boundToken: { binding, scopes, mode: isReport ? 'report' : 'enforce' } } }, async ({ accessToken, clientCertificate }) => ({
          binding: accessToken?.binding ?? null, scopes: accessToken?.scopes ?? null, thumbprint: clientCertificate?.thumbprint ?? null
        }))
      }
    }, { certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] } }, { logger: false })
    const tokens = new Map(Object.entries(beginning))
    for (const [token, what] of tokens) known.set(token, claimsOf(what))
    for (const command of commands) {
      if (command.kind === 'pass') mock.timers.tick(command.milliseconds)
      else if (command.kind === 'evict') await app.boundToken.evict(command.by as { all: true })
      else if (command.kind === 'change') {
        tokens.set(command.token, command.to)
        known.set(command.token, claimsOf(command.to))
        await app.boundToken.evict({ token: command.token })
      } else {
        const { token, route, who, spelling, isVerified, peer } = command
        const value = who === null ? {} : { 'x-ssl-cert': (spellings[spelling] as (typeof spellings)[string])[0](people[who].escaped) }
        const headers = { authorization: `Bearer ${token}`, ...value, ...isVerified ? { 'x-ssl-verify': 'SUCCESS' } : {} }
        const before = app.boundToken.stats().decisions
        const { statusCode, body } = await app.inject({ url: route, headers, remoteAddress: peer })
        const after = app.boundToken.stats().decisions
        const found = (Object.keys(after.refused) as Reason[]).find((reason) => after.refused[reason] !== before.refused[reason]) ?? null
        const expected = verdictOf(tokens, Date.now(), command)
        const { binding, isReport } = routes[route] as Route
        assert.deepEqual([statusCode, found], [statusOf(expected, isReport), expected], JSON.stringify(command))
        if (expected === null) counts.letIn++
        else counts.refused++
        if (statusCode !== 200) continue
        const { of, scope } = tokens.get(token) as Token
        const isCertificateSeen = !isReport && binding !== 'off' && who !== null && spelling !== 'the placeholder'
        assert.deepEqual(JSON.parse(body), {
          binding: isReport || binding === 'off' || of === null ? null : 'x5t#S256',
          scopes: isReport ? null : scope.split(' '),
          thumbprint: isCertificateSeen ? people[who].thumbprint : null
        }, JSON.stringify(command))
      }
    }
    counts.hits += app.boundToken.stats().tokens.hits
    await app.close()
  }), { numRuns: 25 })
  assert.ok(counts.hits > 100 && counts.letIn > 100 && counts.refused > 100, `${JSON.stringify(counts)}: something was remembered`)
})
