import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessToken } from '../../types/access-token.ts'
import { by, owner, ownersClaims, protectedApp, stranger } from './protected-app.ts'

test('67, 75, 76: required, optional and off: who gets in with what', async (t) => {
  const { app, known } = await protectedApp(t, (app) => {
    for (const binding of ['required', 'strict', 'optional', 'off'] as const) {
      app.get(`/${binding}`, { config: { boundToken: { binding } } }, async ({ accessToken, clientCertificate }) => ({
        binding: accessToken?.binding, thumbprint: clientCertificate?.thumbprint ?? null
      }))
    }
  })
  known.set('unbound', { ...ownersClaims, cnf: undefined })
  known.set('keyed', { ...ownersClaims, cnf: { jwk: {} } })

  const rows: Array<[token: string, header: { escaped: string } | null, required: number, optional: number, off: number]> = [
    ['good', owner, 200, 200, 200],
    ['good', stranger, 401, 401, 200],
    ['good', null, 401, 401, 200],
    ['good', { escaped: '(null)' }, 401, 401, 200],
    ['good', { escaped: 'garbage' }, 401, 401, 200],
    ['unbound', null, 401, 200, 200],
    ['unbound', owner, 401, 200, 200],
    ['unbound', { escaped: '' }, 401, 200, 200],
    ['unbound', { escaped: '(null)' }, 401, 200, 200],
    // S-39: optional means "no credentials", never "bad credentials".
    ['unbound', { escaped: 'garbage' }, 401, 401, 200],
    ['keyed', owner, 401, 401, 200],
    ['unknown', owner, 401, 401, 401]
  ]
  for (const [token, header, ...expected] of rows) {
    await t.test(`S-39: token ${token}, certificate ${JSON.stringify(header?.escaped.slice(0, 12) ?? 'none')}`, async () => {
      const [required, optional, off] = expected
      const status = async (url: string) => (await app.inject({ url, headers: by(header, token) })).statusCode
      assert.deepEqual(
        { required: await status('/required'), strict: await status('/strict'), optional: await status('/optional'), off: await status('/off') },
        { required, strict: required, optional, off })
    })
  }

  await t.test('S-39: optional does not let anybody in without a token', async () => {
    assert.equal((await app.inject('/optional')).statusCode, 401)
    assert.equal((await app.inject('/off')).statusCode, 401)
  })

  await t.test('the handler learns which binding held', async () => {
    const seen = async (url: string, token: string) => (await app.inject({ url, headers: by(owner, token) })).json()
    assert.deepEqual(await seen('/required', 'good'), { binding: 'x5t#S256', thumbprint: owner.thumbprint })
    assert.deepEqual(await seen('/optional', 'good'), { binding: 'x5t#S256', thumbprint: owner.thumbprint })
    assert.deepEqual(await seen('/optional', 'unbound'), { binding: null, thumbprint: owner.thumbprint })
    assert.deepEqual(await seen('/off', 'good'), { binding: null, thumbprint: null })
  })
})

test('one token on routes that ask for its binding and on one that does not: each learns what held on its own request', async (t) => {
  const kept: Array<{ asked: string, accessToken: AccessToken | null }> = []
  const { app, authorizationServer } = await protectedApp(t, (app) => {
    for (const binding of ['required', 'optional', 'off'] as const) {
      app.get(`/${binding}`, { config: { boundToken: { binding } } }, async ({ accessToken }) => {
        kept.push({ asked: binding, accessToken })
        // Others are let in before this one has looked.
        await new Promise((resolve) => setImmediate(resolve))
        return { binding: accessToken?.binding }
      })
    }
  })
  const held = { required: 'x5t#S256', optional: 'x5t#S256', off: null } as const
  const ask = async (route: keyof typeof held, who: typeof owner | null = owner): Promise<void> => {
    const response = await app.inject({ url: `/${route}`, headers: by(who) })
    assert.deepEqual([response.statusCode, response.json()], [200, { binding: held[route] }], route)
  }

  await t.test('at once, when it is not known yet', async () => {
    await Promise.all((['off', 'required', 'off', 'optional', 'required', 'off'] as const).map((route) => ask(route)))
  })
  await t.test('in turn, when it is', async () => {
    for (let round = 0; round < 3; round++) {
      for (const route of ['off', 'required', 'off', 'off', 'optional', 'required'] as const) await ask(route)
      for (const who of [stranger, null]) await ask('off', who)
    }
  })
  await t.test('a stranger does not inherit what held for the owner', async () => {
    for (const route of ['required', 'optional'] as const) {
      await ask('required')
      await ask('off', stranger)
      for (const who of [stranger, null]) assert.equal((await app.inject({ url: `/${route}`, headers: by(who) })).statusCode, 401)
    }
  })
  assert.equal(authorizationServer.calls.length, 1)
  assert.equal(kept.length, 6 + 24 + 4)
  for (const { asked, accessToken } of kept) assert.equal(accessToken?.binding, held[asked as keyof typeof held], 'nor does it change afterwards')
  const seen = new Set(kept.map(({ accessToken }) => JSON.stringify({ ...accessToken, binding: 0 })))
  assert.equal(seen.size, 1, 'all else is the same')
})

test('a known token with a remembered certificate is compared again when another certificate comes', async (t) => {
  const { app, authorizationServer } = await protectedApp(t)
  const status = async (who: typeof owner) => (await app.inject({ url: '/', headers: by(who) })).statusCode
  assert.deepEqual([await status(owner), await status(stranger), await status(owner), await status(stranger)], [200, 401, 200, 401])
  assert.equal(authorizationServer.calls.length, 1)
})

test('65: a certificate source of a route replaces that of the plugin, and remembers nothing of it', async (t) => {
  const { app } = await protectedApp(t, (app) => {
    app.get('/', async () => 'in')
    app.get('/other', { config: { boundToken: { certificate: { header: 'x-other', format: 'url-pem', trustedProxies: ['127.0.0.1'] } } } }, async () => 'in')
    app.get('/nobody', { config: { boundToken: { certificate: { header: 'x-ssl-cert', format: 'url-pem', trustedProxies: ['192.0.2.1'] } } } }, async () => 'in')
  })
  assert.equal((await app.inject({ url: '/', headers: by(owner) })).statusCode, 200)
  assert.equal((await app.inject({ url: '/other', headers: by(owner) })).statusCode, 401, 'the plugin\'s header is not read here')
  assert.equal((await app.inject({ url: '/other', headers: { ...by(null), 'x-other': owner.escaped } })).statusCode, 200)
  assert.equal((await app.inject({ url: '/nobody', headers: by(owner) })).statusCode, 401, 'the same value, from a peer that this route does not trust')
})
