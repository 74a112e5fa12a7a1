import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import { groups } from './groups.ts'
import { tokenKinds, tokenNumber, type TokenMaterial } from './tokens.ts'

const now = Math.floor(Date.now() / 1000)
const material: TokenMaterial = {
  issuer: 'https://login.example.com', audience: 'https://api.example.com', thumbprint: 'T'.repeat(43), issuedAt: now, expiresAt: now + 60, seed: 'seed', secret: 'A'.repeat(43), signed: ['a', 'b']
}

test('a number has one token, in every process', () => {
  for (const kind of ['opaque', 'late', 'hs256'] as const) {
    assert.equal(tokenKinds[kind](5, material), tokenKinds[kind](5, { ...material }))
    assert.notEqual(tokenKinds[kind](5, material), tokenKinds[kind](6, material))
    assert.notEqual(tokenKinds[kind](5, material), tokenKinds[kind](5, { ...material, seed: 'another' }))
  }
  assert.deepEqual([0, 1, 2].map((n) => tokenKinds.signed(n, material)), ['a', 'b', 'a'])
})

test('JWTs that are made by number are good ones', async () => {
  const { payload, protectedHeader } = await jwtVerify(tokenKinds.hs256(1, material), createSecretKey(material.secret, 'base64url'), { issuer: material.issuer, audience: material.audience, typ: 'at+jwt' })
  assert.equal(protectedHeader.alg, 'HS256')
  assert.deepEqual(payload['cnf'], { 'x5t#S256': material.thumbprint })
})

test('every token in use is used, before any is used again', () => {
  for (const { traffic: { known, inUse = known } } of groups.flatMap(({ contenders }) => contenders)) {
    const used = Math.min(inUse, 20_000)
    const numbers = new Set(Array.from({ length: used }, (_, request) => tokenNumber(request, { known, inUse, hitPercent: 100 })))
    assert.equal(numbers.size, used)
    if (inUse <= used) assert.equal(new Set([...numbers, tokenNumber(used, { known, inUse, hitPercent: 100 })]).size, used)
    assert.ok(Math.max(...numbers) < known && Math.max(...numbers) >= Math.floor(known * 0.99))
  }
})

test('so many of a hundred requests have a known token, and each of the others a new one', () => {
  for (const hitPercent of [100, 99, 90, 50, 0]) {
    const numbers = Array.from({ length: 1000 }, (_, request) => tokenNumber(request, { known: 1024, hitPercent }))
    const others = numbers.filter((n) => n >= 1024)
    assert.equal(others.length, 1000 - 10 * hitPercent)
    assert.equal(new Set(others).size, others.length)
  }
})
