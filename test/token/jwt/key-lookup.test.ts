// RFC 8725 section 3.10: what a header says of keys picks among those of the issuer, and leads nowhere else.
import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mock, test, type TestContext } from 'node:test'
import { compileIssuer } from '../../../lib/token/compile.ts'
import type { TokenResolver } from '../../../lib/token/resolver.ts'
import { json, startDouble, type Double } from '../../doubles/authorization-server.ts'
import { refused } from '../refused.ts'
import { accessTokenHeader, ec, encode, issuer, jwkOf, rsa, token, verifier } from './tokens.ts'

const verify = await verifier()
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const longKid = 'x'.repeat(10_000)
const oddKids: unknown[] = [
  '../../x', '..\\..\\x', '/etc/passwd', 'file:///dev/null', 'http://127.0.0.1:1/x', "' OR 1=1 --", '__proto__', 'constructor', 'toString', '',
  ' ec', 'EC', 'ec\0', '\u{1f511}', longKid, 1, 0, null, true, ['ec'], { ec: 1 }
]

for (const kid of oddKids) {
  test(`T5, S-19, 165: kid ${JSON.stringify(kid).slice(0, 40)}`, async () => {
    await refused('token_invalid', verify(token({}, { kid })))
    await refused('token_invalid', verify(token({}, { kid }, attacker.privateKey)))
  })
}

test('T5: a kid is what it is, however long, up to 1024 characters; and no key hides behind `__proto__`', async () => {
  const exotic = ['../../x', "' OR 1=1 --", '__proto__', '', 'x'.repeat(1024)]
  const keys = exotic.map((kid) => ({ kid, pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }) }))
  const verify = await verifier({ jwks: { keys: keys.map(({ kid, pair }) => jwkOf(pair.publicKey, { kid })) } })
  for (const { kid, pair } of keys) assert.equal((await verify(token({}, { kid }, pair.privateKey))).claims.sub, 'alice')
  for (const { kid } of keys) await refused('token_invalid', verify(token({}, { kid }, attacker.privateKey)))
})

test('T4: a kid that no key has, and a good signature', async () => {
  await refused('token_invalid', verify(token({}, { kid: 'unknown' })))
})

test('T6: no kid, one key that fits and several', async () => {
  assert.equal((await verify(token({}, { kid: undefined }))).claims.sub, 'alice')
  const others = Array.from({ length: 9 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  const set = (last: number) => verifier({ jwks: { keys: [...others.slice(0, last), ec].map(({ publicKey }, index) => jwkOf(publicKey, { kid: `k${index}` })) } })
  // All of the operator's own; of a set that the issuer publishes eight.
  assert.equal((await (await set(8))(token({}, { kid: undefined }))).claims.sub, 'alice')
  const mixed = await verifier({ jwks: { keys: [...others.slice(0, 8).map(({ publicKey }) => jwkOf(publicKey)), jwkOf(rsa.publicKey)] } })
  assert.equal((await mixed(token({}, { alg: 'PS256', kid: undefined }, rsa.privateKey))).claims.sub, 'alice', 'keys of other kinds do not count')
})

test('J2: two keys with one kid, told apart by what they are for', async () => {
  const verify = await verifier({ jwks: { keys: [jwkOf(rsa.publicKey, { kid: 'k' }), jwkOf(ec.publicKey, { kid: 'k' })] } })
  assert.equal((await verify(token({}, { kid: 'k' }))).claims.sub, 'alice')
  assert.equal((await verify(token({}, { kid: 'k', alg: 'PS256' }, rsa.privateKey))).claims.sub, 'alice')
  await refused('token_invalid', verify(token({}, { kid: 'k' }, attacker.privateKey)))
})

/** What the attacker would have us load, at this origin. */
function lures (origin: string): Array<Record<string, unknown>> {
  const jwk = jwkOf(attacker.publicKey, { kid: 'ec' })
  const x5c = [attacker.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')]
  return [
    { jku: `${origin}/jwks` }, { x5u: `${origin}/cert` }, { jwk }, { x5c }, { jwk: { ...jwk, x5u: `${origin}/cert` } }, { jku: `${origin}/jwks`, kid: 'unknown' }, { kid: `${origin}/jwks` },
    { kid: '../../x' }, { jwk, kid: undefined }, { jku: `${origin}/jwks`, x5u: `${origin}/cert`, jwk, x5c, 'x5t#S256': 'AA', kid: undefined }, { iss: origin }, { key: jwk, keys: { keys: [jwk] } }
  ]
}

/** Counts the connections that this process opens. */
function sockets (t: TestContext): unknown[] {
  const opened: unknown[] = []
  const onSocket = (message: unknown) => { opened.push(message) }
  diagnostics.subscribe('net.client.socket', onSocket)
  t.after(() => diagnostics.unsubscribe('net.client.socket', onSocket))
  return opened
}

async function doubleWith (t: TestContext, key: KeyObject): Promise<Double> {
  const double = await startDouble(json({ keys: [jwkOf(key, { kid: 'ec' })] }))
  t.after(() => double.close())
  return double
}

async function remote (t: TestContext, { origin }: Double): Promise<TokenResolver> {
  const options = { issuer: issuer.name, audience: 'https://api.example.com', jwt: { jwksUri: `${origin}/jwks` }, allowInsecureLoopback: true }
  const { jwt, close } = await compileIssuer(options, 'issuer', () => {})
  t.after(close)
  return jwt as TokenResolver
}

test('T7, S-19, 113, 166: keys and addresses in the header, static keys: refused, and nobody is called', async (t) => {
  const double = await doubleWith(t, attacker.publicKey)
  const opened = sockets(t)
  for (const header of lures(double.origin)) {
    await refused('token_invalid', verify(token({}, header, attacker.privateKey)))
  }
  // They are no reason to refuse a token that one of our keys signed: they are not looked at.
  for (const header of lures(double.origin).filter(({ kid }) => kid === undefined)) {
    assert.equal((await verify(token({}, { ...header, kid: 'ec' }))).claims.sub, 'alice')
  }
  assert.deepEqual([double.calls.length, double.connections.made, opened.length], [0, 0, 0])
})

test('T7, S-19, 113, 166: keys and addresses in the header, keys of a URL: only this URL is called', async (t) => {
  const lure = await doubleWith(t, attacker.publicKey)
  const issuers = await doubleWith(t, ec.publicKey)
  const opened = sockets(t)
  const jwt = await remote(t, issuers)
  for (const header of [...lures(lure.origin), ...oddKids.map((kid) => ({ kid }))]) {
    await refused('token_invalid', jwt.resolve(token({}, header, attacker.privateKey)))
  }
  assert.equal((await jwt.resolve(token())).record?.claims.sub, 'alice')
  assert.deepEqual([lure.calls.length, lure.connections.made], [0, 0])
  assert.deepEqual([...new Set(issuers.calls.map(({ url }) => url))], ['/jwks'])
  assert.ok(opened.length > 0, 'connections are seen')
})

test('T4: a thousand tokens with unknown keys, one call in a cool-down', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
  t.after(() => mock.timers.reset())
  const issuers = await doubleWith(t, ec.publicKey)
  const jwt = await remote(t, issuers)
  assert.equal((await jwt.resolve(token())).record?.claims.sub, 'alice')
  for (const seconds of [0, 11, 11]) {
    mock.timers.tick(seconds * 1000)
    const before = issuers.calls.length
    const forged = token({}, {}, attacker.privateKey).split('.').slice(1).join('.')
    const headers = Array.from({ length: 1000 }, (_, index) => encode(JSON.stringify({ ...accessTokenHeader, kid: `unknown-${seconds}-${index}` })))
    await Promise.all(headers.map((header) => refused('token_invalid', jwt.resolve(`${header}.${forged}`))))
    assert.ok(issuers.calls.length - before <= 1, `${issuers.calls.length - before} calls`)
  }
  assert.ok(issuers.calls.length >= 2, 'it was asked again when the cool-down was over')
})
