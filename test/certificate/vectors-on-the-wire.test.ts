import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { rawExchange, requestText } from './raw-exchange.ts'
import { verdicts } from './vector-verdicts.ts'
import { headerCases, supported, cases } from './vectors.ts'

// The same cases through a listening server: real lines, with their repeats and spaces. Each has a token of its own, so that
// nothing remembered can hide a call to the authorization server.
describe('header cases, on the wire', () => {
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

    it(`${id}: ${outcome.status} ${outcome.reason ?? ''}`, async () => {
      const logged = guarded.logged.length
      const token = `token-of-${id}`
      const path = format === 'rfc9440' ? '/' : `/${format}`
      const { status, head, body } = await rawExchange({ port: guarded.port }, requestText(path, [['Authorization', `Bearer ${token}`], ...lines]))
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
})
