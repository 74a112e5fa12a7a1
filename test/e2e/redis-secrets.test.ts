// Who can read or make what lies in Redis: whoever has one of the secrets, for the token that he has, and nobody else.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { owner, stranger } from '../guard/protected-app.ts'
import { eventually } from '../token/eventually.ts'
import { intruder, keep, secret, startFleet, statusOf, tokenKeys, untilShared, type MemberOptions } from './fleet.ts'
import { redisServer, startRedis } from './redis-server.ts'
import { requires } from './requires.ts'

const [old, next] = [secret, 'its-successor-0123456789-0123456789-abc']
const by = (...ids: Array<'old' | 'next'>): MemberOptions => ({ cache: { secret: ids.map((id) => ({ id, secret: id === 'old' ? old : next })) } })

test('secrets and a real Redis', requires({ 'redis-server': redisServer }), async (t) => {
  const server = await startRedis()
  t.after(() => server.close())
  const start = async (t: TestContext, prefix: string, ...members: readonly MemberOptions[]) => {
    const fleet = await startFleet(t, server.url, prefix)
    const apps = await Promise.all(members.map((member) => fleet.add(member)))
    return { ...fleet, fleet, apps: apps as [typeof apps[0], typeof apps[0]], client: await intruder(t, server.url) }
  }

  await t.test('while a secret is replaced, step by step: what the old one sealed opens, evictions reach both sides', async (t) => {
    const steps = [[{}, by('old', 'next')], [by('old', 'next'), by('next', 'old')], [by('next', 'old'), by('next')]] as const
    for (const [index, [before, after]] of steps.entries()) {
      const prefix = `rotate-${index}:`
      const { fleet, apps: [one, other], issue, known, callsFor, client } = await start(t, prefix, before, after)
      // Only the one with the longer list finds what the other has kept.
      const finder = index === 2 ? one : other
      await untilShared(fleet, [finder])
      await eventually('both listen', async () => {
        const token = issue(`heard-${Math.random()}`)
        await statusOf(one, token)
        await statusOf(other, token)
        known.delete(token)
        await Promise.all([one.boundToken.evict({ token }), other.boundToken.evict({ token })])
        return await statusOf(one, token) === 401 && await statusOf(other, token) === 401
      })
      const keeper = finder === one ? other : one
      await eventually('what one has kept, the other finds', async () => {
        const token = issue(`probe-${Math.random()}`)
        await keep(client, prefix, keeper, token)
        assert.equal(await statusOf(finder, token), 200)
        return callsFor(token) === 1
      })
      for (const [from, to] of [[one, other], [other, one]] as const) {
        for (const name of ['token', 'subject']) {
          const shared = issue(`shared-${Math.random()}`)
          assert.deepEqual([await statusOf(one, shared), await statusOf(other, shared)], [200, 200])
          known.delete(shared)
          await from.boundToken.evict(name === 'token' ? { token: shared } : { subject: 'alice' })
          await eventually('it is refused', async () => await statusOf(to, shared) === 401)
        }
      }
    }
  })

  await t.test('a secret that gets a name is the same secret', async (t) => {
    const { fleet, apps } = await start(t, 'named:', {}, by('old'))
    await untilShared(fleet, apps)
  })

  await t.test('new values are sealed by the first', async (t) => {
    const { apps: [replaced, renewed], issue, callsFor, client } = await start(t, 'sealed:', by('next', 'old'), by('next'))
    await eventually('what one has kept, the other finds', async () => {
      const token = issue(`probe-${Math.random()}`)
      await keep(client, 'sealed:', replaced, token)
      assert.equal(await statusOf(renewed, token), 200)
      return callsFor(token) === 1
    })
  })

  await t.test('different secrets: nothing is shared, nothing is wrong', async (t) => {
    const { apps: [one, other], issue, callsFor } = await start(t, 'foreign:', by('old'), by('next'))
    for (let n = 0; n < 10; n++) {
      const token = issue(`foreign-${n}`)
      assert.deepEqual([await statusOf(one, token), await statusOf(other, token), await statusOf(other, token, stranger)], [200, 200, 401])
      assert.equal(callsFor(token), 2)
    }
    await one.boundToken.evict({ all: true })
    assert.equal(await statusOf(other, 'foreign-0'), 200)
    assert.equal(callsFor('foreign-0'), 2, 'an eviction that cannot be read is none')
  })

  await t.test('S-28: two registrations with one store and one secret, whose authorization server knows them by different names, share nothing', async (t) => {
    const { fleet, client, issue, callsFor, authorizationServer } = await start(t, 'twins:')
    const clientAuth = (clientId: string) => ({ method: 'client_secret_basic', clientId, clientSecret: 'kept-by-the-service' } as const)
    const issuerFor = (clientId: string): MemberOptions => ({
      more: {
        issuers: [{
          issuer: 'https://login.example.com',
          audience: 'https://api.example.com',
          allowInsecureLoopback: true,
          introspection: { endpoint: `${authorizationServer.origin}/introspect`, clientAuth: clientAuth(clientId) }
        }]
      }
    })
    const [one, other, sameAsOne] = [await fleet.add(issuerFor('one')), await fleet.add(issuerFor('other')), await fleet.add(issuerFor('one'))]
    await untilShared(fleet, [one, sameAsOne])
    const token = issue('twins')
    const key = await keep(client, 'twins:', one, token)
    const otherKey = await keep(client, 'twins:', other, token)
    assert.equal(callsFor(token), 2)
    await client.set(otherKey, await client.getBuffer(key) as Buffer)
    await client.del(key)
    const fresh = await fleet.add(issuerFor('other'))
    assert.equal(await statusOf(fresh, token), 200)
    assert.equal(callsFor(token), 3, 'what was sealed for one does not open for the other')
  })

  await t.test('a dump of Redis and every line of the log hold no token, secret, certificate, subject or claim', async (t) => {
    const { fleet, apps, issue, known, logged, client } = await start(t, 'dump:', {}, {}, { redis: { url: server.url } })
    await untilShared(fleet, apps)
    const claims = { sub: 'subject-in-the-clear', client_id: 'client-in-the-clear', scope: 'accounts scope-in-the-clear', tenant: 'tenant-in-the-clear', jti: 'jti-in-the-clear' }
    const tokens = Array.from({ length: 10 }, (_, index) => issue(`token-in-the-clear-${index}`, claims))
    for (const token of tokens) await keep(client, 'dump:', apps[0], token)
    for (const token of [...tokens, 'unknown-in-the-clear']) for (const app of apps) for (const who of [owner, stranger]) await statusOf(app, token, who)
    await apps[0].boundToken.evict({ token: tokens[0] as string })
    await apps[1].boundToken.evict({ subject: claims.sub })
    await apps[0].boundToken.evict({ clientId: claims.client_id, claim: { path: 'tenant', value: claims.tenant } })
    await apps[0].boundToken.evict({ all: true })
    known.clear()
    for (const token of tokens) await statusOf(apps[1], token)
    for (const token of tokens) await keep(client, 'dump:', apps[0], issue(token, claims))

    const values: string[] = []
    for (const key of await client.keys('dump:*')) {
      const stream = key.endsWith(':evictions') ? (await client.xrangeBuffer(key, '-', '+')).flatMap(([id, fields]) => [id, ...fields]) : [await client.getBuffer(key) as Buffer]
      values.push(key, ...stream.flatMap((bytes) => [bytes.toString('latin1'), bytes.toString('base64'), bytes.toString('hex')]))
    }
    assert.ok((await tokenKeys(client, 'dump:')).length >= 10 && await client.xlen('dump:evictions') >= 4 && logged.length > 50)
    const der = Buffer.from(decodeURIComponent(owner.escaped).replace(/-----.*-----|\s/g, ''), 'base64')
    const dumped = values.join('\n')
    const lines = logged.map(withoutNames).join('\n')
    assert.ok(dumped.includes('dump:evictions') && lines.includes('access refused'))
    const secrets = ['in-the-clear', secret, 'kept-by-the-service', owner.thumbprint, owner.escaped.slice(40, 120), der.toString('base64').slice(20, 60)]
    const structure = ['claims', 'revokedAt', 'https://login.example.com']
    const forms = (texts: readonly string[]): string[] => texts.flatMap((text) => [text, Buffer.from(text).toString('base64').slice(0, -4), Buffer.from(text).toString('hex')])
    assert.deepEqual(forms([...secrets, ...structure]).filter((text) => dumped.includes(text)), [])
    assert.deepEqual(forms(secrets).filter((text) => lines.includes(text)), [])
  })
})

/** A line without the names of a decision, which is what the log of a refusal is for. */
function withoutNames (line: string): string {
  const { decision, ...rest } = JSON.parse(line) as { decision?: object }
  return JSON.stringify({ ...rest, ...decision, subject: null, clientId: null, thumbprint: null })
}
