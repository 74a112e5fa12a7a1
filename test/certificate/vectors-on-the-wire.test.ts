import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { rawExchange, requestText } from './raw-exchange.ts'
import { verdicts } from './vector-verdicts.ts'
import { headerCases, supported, cases } from './vectors.ts'

// The bad inputs that these cases are. What stands in no row is a good one, or a form that another row has already.
const badInputs: ReadonlyArray<readonly [number: string, ids: string]> = [
  ['C2', 'sf-other-cert'],
  ['C4', 'sf-two-lines url-two-lines'],
  ['C5', 'sf-two-lines-same sf-two-lines-empty-second'],
  ['C6', 'sf-list sf-list-same'],
  ['C9', 'sf-underscore-name'],
  ['C10', 'url-null-apache apache-null'],
  ['C11', 'sf-placeholder-caddy b64-caddy-placeholder'],
  ['C12', 'sf-empty url-empty sf-empty-bytes'],
  ['C13', 'url-dash'],
  ['C14', 'sf-trailing-garbage b64-garbage-tail'],
  ['C15', 'sf-two-der'],
  ['C16', 'sf-ber-indefinite sf-ber-nonminimal'],
  ['C17', 'sf-pem-in-bytes'],
  ['C18', 'url-leading-text url-trailing-text url-two-certs apache-spaces-two'],
  ['C19', 'url-label-trusted url-label-x509'],
  ['C20', 'url-private-key'],
  ['C21', 'sf-space-inside sf-tab-inside sf-bang sf-base64url sf-unpadded sf-zero-padding-bits b64-space'],
  ['C22', 'sf-no-open sf-no-close sf-no-colons sf-one-colon sf-quoted sf-old-draft-star sf-bool sf-token sf-int sf-innerlist sf-dict sf-suffix sf-trailing-text'],
  ['C23', 'url-bad-escape url-truncated-escape url-bad-utf8 url-nul url-double-encoded'],
  ['C24', 'url-aws-safe'],
  ['C25', 'apache-spaces'],
  ['C26', 'sf-truncated sf-random sf-nul-cert sf-spki-only'],
  ['C32', 'verify-missing verify-twice verify-lowercase verify-failed verify-haproxy-0-no-cert'],
  ['C40', 'sf-bitflip']
]
const numberOf = new Map(badInputs.flatMap(([number, ids]) => ids.split(' ').map((id) => [id, number] as const)))

// The same cases through a listening server: real lines, with their repeats and spaces. Each has a token of its own, so that
// nothing remembered can hide a call to the authorization server.
describe('102: header cases, on the wire: what is refused is 401, never 403', () => {
  let guarded: GuardedApp

  before(async () => {
    const { rfc9440, ...others } = supported
    guarded = await startGuardedApp({
      certificate: rfc9440 as NonNullable<typeof rfc9440>,
      routes: Object.fromEntries(Object.entries(others).map(([format, certificate]) => [`/${format}`, certificate])),
      boundTo: headerCases['x5t#S256']
    })
  })
  after(() => guarded.close())

  for (const { id, format, lines } of cases) {
    const verdict = verdicts[id] as string
    const outcome = verdict === 'taken'
      ? { status: 200, reason: null, calls: 1 }
      : verdict === 'other' || verdict === 'third'
        ? { status: 401, reason: 'binding_mismatch', calls: 1 }
        : { status: 401, reason: verdict, calls: 0 }

    const number = numberOf.get(id)
    it(`${number === undefined ? '' : `${number}: `}${id}: ${outcome.status} ${outcome.reason ?? ''}`, async () => {
      const logged = guarded.logged.length
      const start = performance.now()
      const token = `token-of-${id}`
      const path = format === 'rfc9440' ? '/' : `/${format}`
      const { status, head, body } = await rawExchange({ port: guarded.port }, requestText(path, [['Authorization', `Bearer ${token}`], ...lines]))
      assert.ok(performance.now() - start < 1000)
      assert.equal(status, outcome.status)
      assert.equal(guarded.decisions.at(-1)?.reason, outcome.reason)
      assert.equal(guarded.asked().filter((asked) => asked === token).length, outcome.calls)

      if (status === 401) {
        assert.match(head, /^www-authenticate: Bearer realm="api", error="invalid_token", error_description="[ -~]+"\r?$/mi)
        assert.match(head, /^cache-control: no-store\r?$/mi)
      } else {
        assert.equal(body, headerCases['x5t#S256'])
      }
      const told = head + body + guarded.logged.slice(logged).join('')
      for (const value of [token, ...lines.map(([, value]) => value.trim())]) {
        assert.ok(value.length < 12 || !told.includes(value), 'a token or a header value was logged or echoed')
      }
    })
  }

  it('C1, 100: no certificate header at all: 401, and nobody is asked', async () => {
    const { status } = await rawExchange({ port: guarded.port }, requestText('/', [['Authorization', 'Bearer without-certificate']]))
    assert.deepEqual([status, guarded.decisions.at(-1)?.reason], [401, 'certificate_missing'])
    assert.ok(!guarded.asked().includes('without-certificate'))
  })

  it('every bad input is one of the cases', () => {
    assert.deepEqual([...numberOf.keys()].filter((id) => !cases.some((each) => each.id === id)), [])
  })
})
