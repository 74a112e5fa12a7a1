// RFC 8725 sections 3.1 and 3.2: which algorithm checks a signature is ours to say.
import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { refused } from '../refused.ts'
import { accessTokenHeader, claimsWith, ec, ed, encode, jwkOf, jwks, rawJws, rsa, signerFor, token, verifier } from './tokens.ts'

const everything = ['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'RS384', 'RS512'] as const
const verify = await verifier()
const verifyAll = await verifier({ jwks, algorithms: [...everything] })
const unsigned = () => Buffer.alloc(0)

test('111, 112: each default algorithm with the key that fits it', async () => {
  for (const [alg, kid, key] of [['RS256', 'rsa', rsa], ['PS256', 'rsa', rsa], ['ES256', 'ec', ec], ['EdDSA', 'ed', ed], ['Ed25519', 'ed', ed]] as const) {
    assert.equal((await verify(token({}, { alg, kid }, key.privateKey))).claims.sub, 'alice', alg)
  }
})

for (const alg of ['none', 'None', 'nOnE', 'NONE', '', ' none', 'none ']) {
  test(`T1, S-16, 110: alg ${JSON.stringify(alg)}`, async () => {
    for (const kid of [undefined, 'ec', 'rsa']) {
      const bare = rawJws(JSON.stringify({ ...accessTokenHeader, alg, kid }), JSON.stringify(claimsWith()), unsigned)
      await refused('token_invalid', verify(bare))
      await refused('token_invalid', verify(token({}, { alg, kid })))
      await refused('token_invalid', verifyAll(bare))
    }
  })
}

const publicTexts: Array<[string, string | Buffer]> = (['rsa', 'ec', 'ed'] as const).flatMap((name): Array<[string, string | Buffer]> => {
  const key = { rsa, ec, ed }[name].publicKey
  const pem = key.export({ type: 'spki', format: 'pem' }) as string
  const jwk = JSON.stringify(jwks.keys.find(({ kid }) => kid === name))
  return [
    [`${name}, PEM`, pem], [`${name}, PEM without its last line break`, pem.trimEnd()], [`${name}, PEM after a space`, ` ${pem}`], [`${name}, PEM after a line break`, `\n${pem}`],
    [`${name}, DER`, key.export({ type: 'spki', format: 'der' })], [`${name}, base64 of the DER`, key.export({ type: 'spki', format: 'der' }).toString('base64')],
    [`${name}, JWK`, jwk], [`${name}, JWK after a space`, ` ${jwk}`], [`${name}, JWK of the key alone`, JSON.stringify(key.export({ format: 'jwk' }))]
  ]
})
publicTexts.push(['PKCS#1 PEM', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })], ['the JWK set', JSON.stringify(jwks)])

for (const [name, text] of publicTexts) {
  test(`T2, S-16, 155: HS256, HS384 and HS512 with the public key as secret: ${name}`, async () => {
    const secret = createSecretKey(Buffer.from(text as string))
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const kid of [undefined, 'rsa', 'ec', 'ed']) {
        await refused('token_invalid', verify(token({}, { alg, kid }, secret)))
        await refused('token_invalid', verifyAll(token({}, { alg, kid }, secret)))
      }
    }
  })
}

test('T2: an asymmetric signature where a secret key is configured', async () => {
  const secret = createSecretKey(Buffer.alloc(32, 7))
  const verify = await verifier({ jwks: { keys: [jwkOf(secret, { kid: 's' })] }, algorithms: ['HS256'] })
  assert.equal((await verify(token({}, { alg: 'HS256', kid: 's' }, secret))).claims.sub, 'alice')
  await refused('token_invalid', verify(token({}, { kid: 's' })))
  await refused('token_invalid', verify(token({}, { alg: 'HS256', kid: 's' }, createSecretKey(Buffer.alloc(32, 8)))))
})

for (const [alg, kid] of [['ES256', 'rsa'], ['ES256', 'ed'], ['RS256', 'ec'], ['PS256', 'ec'], ['PS256', 'ed'], ['EdDSA', 'ec'], ['EdDSA', 'rsa'], ['Ed25519', 'rsa']] as const) {
  test(`T3, S-16: ${alg} in the header, and the key ${kid}`, async () => {
    for (const key of [rsa, ec, ed]) {
      // With what fits the key best, and with what another reader might take for the algorithm.
      await refused('token_invalid', verify(rawJws(JSON.stringify({ ...accessTokenHeader, alg, kid }), JSON.stringify(claimsWith()), signerFor(alg, key.privateKey))))
    }
  })
}

test('T3, S-16, 154: the `alg` of the JWK is the one that it is for', async () => {
  const verify = await verifier({ jwks: { keys: [jwkOf(rsa.publicKey, { kid: 'rsa', alg: 'RS256' })] } })
  assert.equal((await verify(token({}, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey))).claims.sub, 'alice')
  for (const alg of ['PS256', 'RS384', 'RS512', 'rs256']) await refused('token_invalid', verify(token({}, { alg, kid: 'rsa' }, rsa.privateKey)))
  const other = await verifier({ jwks: { keys: [jwkOf(rsa.publicKey, { kid: 'rsa', alg: 'PS256' })] } })
  await refused('token_invalid', other(token({}, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey)))
})

test('112, 153: an algorithm that is not configured, though the key fits', async () => {
  const verify = await verifier({ jwks: { keys: [jwkOf(rsa.publicKey)] }, algorithms: ['PS256'] })
  for (const alg of ['RS256', 'PS384', 'PS512', 'RS512']) await refused('token_invalid', verify(token({}, { alg, kid: undefined }, rsa.privateKey)))
  const byDefault = await verifier({ jwks: { keys: [jwkOf(rsa.publicKey)] } })
  for (const alg of ['RS384', 'RS512', 'PS384', 'PS512']) await refused('token_invalid', byDefault(token({}, { alg, kid: undefined }, rsa.privateKey)))
})

for (const alg of ['RS1', 'HS1', 'ES256K', 'RSA1_5', 'RSA-OAEP', 'dir', 'A128KW', 'Ed448', 'es256', 'ES256 ', 'toString', '__proto__', null, 1, ['ES256'], { ES256: 1 }, undefined, true]) {
  test(`155: alg ${JSON.stringify(alg)}`, async () => {
    for (const key of [rsa, ec, ed]) await refused('token_invalid', verifyAll(token({}, { alg, kid: undefined }, key.privateKey)))
  })
}

test('153: `none` and what is no signature algorithm can not be configured; the kinds can not be mixed', async () => {
  const secret = jwkOf(createSecretKey(Buffer.alloc(64)))
  await assert.rejects(verifier({ jwks: { keys: [secret, jwkOf(rsa.publicKey)] }, algorithms: ['HS256', 'RS256'] }), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /symmetric and asymmetric/ })
  await assert.rejects(verifier({ algorithms: ['HS256'] }), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /with jwks or keys only/ })
})

// Order of P-256 (FIPS 186-5).
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const scalar = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

function withSignature (change: (signature: Buffer, input: string) => Buffer): string {
  const [header, payload, signature] = token().split('.') as [string, string, string]
  return `${header}.${payload}.${encode(change(Buffer.from(signature, 'base64url'), `${header}.${payload}`))}`
}

for (const [name, change] of Object.entries<(signature: Buffer, input: string) => Buffer>({
  'in DER': (_signature, input) => sign('sha256', Buffer.from(input), ec.privateKey),
  'r = 0': (signature) => Buffer.concat([Buffer.alloc(32), signature.subarray(32)]),
  's = 0': (signature) => Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)]),
  'r = s = 0': () => Buffer.alloc(64),
  'r = s = n': () => Buffer.concat([scalar(order), scalar(order)]),
  'r = s = 1': () => Buffer.concat([scalar(1n), scalar(1n)]),
  's + n, which is the same modulo n': (signature) => Buffer.concat([signature.subarray(0, 32), scalar(order)]),
  '63 bytes': (signature) => signature.subarray(0, 63),
  '65 bytes': (signature) => Buffer.concat([signature, Buffer.alloc(1)]),
  twice: (signature) => Buffer.concat([signature, signature]),
  empty: () => Buffer.alloc(0)
})) {
  test(`T19, 169: an ECDSA signature, ${name}`, async () => {
    await refused('token_invalid', verify(withSignature(change)))
  })
}

test('T19: s and n - s are both good ECDSA signatures (RFC 7518 section 3.4 asks for neither)', async () => {
  const flipped = withSignature((signature) => Buffer.concat([signature.subarray(0, 32), scalar(order - BigInt(`0x${signature.subarray(32).toString('hex')}`))]))
  assert.equal((await verify(flipped)).claims.sub, 'alice')
  assert.equal((await verify(withSignature((signature) => signature))).claims.sub, 'alice')
})

test('T21: Ed25519 under both of its names, and only where one is configured', async () => {
  const keys = { keys: [jwkOf(ed.publicKey)] }
  for (const algorithms of [['EdDSA'], ['Ed25519']] as Array<['EdDSA'] | ['Ed25519']>) {
    const verify = await verifier({ jwks: keys, algorithms })
    const [own] = algorithms
    assert.equal((await verify(token({}, { alg: own, kid: undefined }, ed.privateKey))).claims.sub, 'alice')
    await refused('token_invalid', verify(token({}, { alg: own === 'EdDSA' ? 'Ed25519' : 'EdDSA', kid: undefined }, ed.privateKey)))
  }
  const named = await verifier({ jwks: { keys: [jwkOf(ed.publicKey, { alg: 'EdDSA' })] } })
  for (const alg of ['EdDSA', 'Ed25519']) assert.equal((await named(token({}, { alg, kid: undefined }, ed.privateKey))).claims.sub, 'alice')
})

test('T21: Ed448 is none of ours, under no name', async () => {
  const ed448 = generateKeyPairSync('ed448')
  await assert.rejects(verifier({ jwks: { keys: [jwkOf(ed448.publicKey)] } }), { code: 'FST_BOUND_TOKEN_OPTIONS', message: /fits none of the algorithms/ })
  for (const alg of ['EdDSA', 'Ed25519', 'Ed448']) await refused('token_invalid', verifyAll(token({}, { alg, kid: undefined }, ed448.privateKey)))
})
