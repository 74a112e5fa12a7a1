import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientAuthMethods, type ClientCredentials, type ClientProof } from '../../lib/token/client-auth.ts'
import { json, startDouble, type Call } from '../doubles/authorization-server.ts'
import { formDecode, readForm, valuesOf } from './read-form.ts'
import { resolverAt } from './resolver-at.ts'

type Secret = Pick<ClientCredentials, 'clientId' | 'clientSecret'>

// A colon in the id, and signs that only form encoding carries.
const awkward = { clientId: 'r+s:%', clientSecret: 'p+w:%20 a' }

/** What the authorization server reads from `Authorization: Basic` as RFC 6749 section 2.3.1 says. */
function readBasic (header: string | undefined): Secret {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(header ?? '')?.[1] ?? ''
  const [id = '', secret = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
  assert.deepEqual(rest, [], 'a colon that is not encoded')
  return { clientId: formDecode(id), clientSecret: formDecode(secret) }
}

async function callWith (method: keyof typeof clientAuthMethods, credentials: Secret): Promise<Call> {
  const server = await startDouble(json({ active: false }))
  const resolver = resolverAt(server.origin, { clientAuth: clientAuthMethods[method].authenticate(credentials as ClientCredentials) })
  try {
    await resolver.record('abc')
    return server.calls[0] as Call
  } finally {
    await resolver.close()
    await server.close()
  }
}

test('35, 36: client_secret_basic: an awkward id and secret arrive as they are', async () => {
  const { headers, body } = await callWith('client_secret_basic', awkward)
  assert.deepEqual(readBasic(headers.authorization), awkward)
  assert.deepEqual(valuesOf(body, 'client_id'), [])
  assert.deepEqual(valuesOf(body, 'client_secret'), [])
})

test('client_secret_basic: what the header looks like for an id and a secret of plain signs', () => {
  const { headers, parameters } = clientAuthMethods.client_secret_basic.authenticate({ clientId: 's6BhdRkqt3', clientSecret: '7Fjfp0ZBr1KtDRbnfVdmIw' } as ClientCredentials) as ClientProof
  // RFC 6749 section 2.3.1
  assert.deepEqual(headers, { authorization: 'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3' })
  assert.deepEqual(parameters, {})
})

test('client_secret_basic: any id and secret arrive as they are', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 })
  fc.assert(fc.property(text, text, (clientId, clientSecret) => {
    const { headers } = clientAuthMethods.client_secret_basic.authenticate({ clientId, clientSecret } as ClientCredentials) as ClientProof
    assert.deepEqual(readBasic(headers['authorization']), { clientId, clientSecret })
  }), { numRuns: 1000 })
})

test('client_secret_post: id and secret are parameters, and no Authorization header is sent', async () => {
  const { headers, body } = await callWith('client_secret_post', awkward)
  assert.deepEqual(valuesOf(body, 'client_id'), [awkward.clientId])
  assert.deepEqual(valuesOf(body, 'client_secret'), [awkward.clientSecret])
  assert.equal(headers.authorization, undefined)
  assert.equal(readForm(body).length, 4)
})
