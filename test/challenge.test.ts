import assert from 'node:assert/strict'
import { validateHeaderValue } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { buildChallenges } from '../lib/challenge.ts'
import { answers, reasons } from '../lib/errors.ts'

/**
 * RFC 9110 section 11.6.1, strictly: one scheme, then parameters of which each value is a quoted string.
 *
 * @returns the parameters, unquoted; fails for anything else, and for a name that occurs twice
 */
function parse (challenge: string): Record<string, string> {
  const [, scheme, list] = /^([A-Za-z]+) (.+)$/s.exec(challenge) ?? assert.fail(`no challenge: ${challenge}`)
  assert.equal(scheme, 'Bearer')
  const parameters: Record<string, string> = {}
  const parameter = /([a-z_]+)="((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*)"(?:, |$)/y
  while (parameter.lastIndex < (list as string).length) {
    const [, name, quoted] = parameter.exec(list as string) ?? assert.fail(`no parameters: ${list}`)
    assert.ok(!Object.hasOwn(parameters, name as string), `${name} twice`)
    parameters[name as string] = (quoted as string).replace(/\\(.)/g, '$1')
  }
  return parameters
}

const scopes = ['accounts', 'https://api.example.com/mail.read', '!#$%&\'()*+,-./:;<=>?@[]^_`{|}~']
const challenges = buildChallenges('api', scopes)

describe('challenges of RFC 6750', () => {
  it('without credentials: the realm alone, no error', () => {
    assert.equal(challenges.missing, 'Bearer realm="api"')
    assert.deepEqual(parse(challenges.missing as string), { realm: 'api' })
  })

  const errors = { invalidRequest: ['invalid_request', 400], invalidToken: ['invalid_token', 401], insufficientScope: ['insufficient_scope', 403] } as const
  for (const [answer, [error, status]] of Object.entries(errors)) {
    it(`${error}: goes with ${status}, and says no more than its constant text`, () => {
      const name = answer as keyof typeof errors
      const parameters = parse(challenges[name] as string)
      assert.equal(answers[name].statusCode, status)
      assert.deepEqual(parameters, {
        realm: 'api',
        error,
        error_description: answers[name].message,
        ...answer === 'insufficientScope' ? { scope: scopes.join(' ') } : {}
      })
    })
  }

  it('insufficient_scope without a scope where the route names none, and where the client is not allowed', () => {
    const { insufficientScope } = buildChallenges('api', [])
    for (const challenge of [insufficientScope, challenges.withoutScope]) {
      assert.deepEqual(parse(challenge as string), { realm: 'api', error: 'insufficient_scope', error_description: answers.insufficientScope.message })
    }
  })

  it('none for trouble that is not the client\'s', () => {
    const withChallenge = Object.keys(challenges).sort()
    assert.deepEqual(withChallenge, ['insufficientScope', 'invalidRequest', 'invalidToken', 'missing', 'withoutScope'])
    for (const [name, { statusCode }] of Object.entries(answers)) {
      assert.equal(Object.hasOwn(challenges, name), [401, 403].includes(statusCode) || name === 'invalidRequest', name)
    }
  })

  it('keep to the characters that RFC 6750 allows in error, error_description and scope', () => {
    for (const challenge of Object.values(challenges)) {
      const { error = 'x', error_description: description = 'x', scope = 'x' } = parse(challenge)
      for (const text of [error, description]) assert.match(text, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
      assert.match(scope, /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/)
    }
  })

  it('tell a thief nothing: every reason for an invalid token reads the same', () => {
    const told = new Set(Object.values(reasons).filter(([answer]) => answer === 'invalidToken').map(([answer]) => challenges[answer]))
    assert.equal(told.size, 1)
  })

  it('are frozen', () => {
    assert.ok(Object.isFrozen(challenges))
  })
})

describe('a realm', () => {
  for (const realm of ['a "quoted" realm', 'a\\b', '\\', '"', '\\"', '""', 'a, error="x"', ' ', 'a=b', '~', '\\\\"']) {
    it(JSON.stringify(realm), () => {
      for (const challenge of Object.values(buildChallenges(realm, scopes))) assert.equal(parse(challenge)['realm'], realm)
    })
  }

  it('of printable ASCII, whatever it is: stays one parameter, and fits in a header', () => {
    const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 1 })
    fc.assert(fc.property(printable, (realm) => {
      for (const challenge of Object.values(buildChallenges(realm, scopes))) {
        assert.equal(parse(challenge)['realm'], realm)
        validateHeaderValue('www-authenticate', challenge)
      }
    }), { numRuns: 500 })
  })
})
