// Key stores of keytool in the options: tokens that they verify and decrypt, and what stops the boot.
import assert from 'node:assert/strict'
import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { CompactEncrypt, SignJWT } from 'jose'
import boundToken from '../../lib/index.ts'
import type { JwtOptions, KeyOptions } from '../../types/options.ts'
import { by, optionsFor, owner, stranger } from './protected-app.ts'

const folder = 'fixtures/keystores'
const password = 'fixture-password'
const issuer = 'https://login.example.com'
const privateKey = (name: string): KeyObject => createPrivateKey(readFileSync(`${folder}/${name}.key.pem`))
const aes = createSecretKey(Buffer.from(readFileSync(`${folder}/aes.hex`, 'utf8').trim(), 'hex'))

const store = (name: string, more: { alias?: string, password?: string } = {}): KeyOptions => ({ pkcs12: { file: `${folder}/${name}.p12`, password, ...more } })

const claims = { iss: issuer, aud: 'https://api.example.com', sub: 'alice', tokenName: 'access_token', cnf: { 'x5t#S256': owner.thumbprint } }
const sign = async (key: KeyObject, alg: string): Promise<string> =>
  await new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).setExpirationTime('1h').sign(key)

async function app (t: TestContext, jwt: JwtOptions): Promise<FastifyInstance> {
  const app = Fastify() as FastifyInstance
  t.after(() => app.close())
  await app.register(boundToken, { ...optionsFor('http://127.0.0.1:1'), issuers: [{ issuer, audience: claims.aud, jwt: { typ: 'JWT', requiredClaims: { tokenName: 'access_token' }, ...jwt } }] })
  app.get('/', async () => 'in')
  return app
}

async function status (app: FastifyInstance, token: string, who = owner): Promise<number> {
  return (await app.inject({ url: '/', headers: by(who, token) })).statusCode
}

for (const [what, key, signer, alg] of [
  ['a trusted certificate alone', store('trusted'), 'ec', 'ES256'],
  ['an RSA key pair', store('rsa'), 'rsa', 'PS256'],
  ['an EC key pair', store('ec'), 'ec', 'ES256'],
  ['an Ed25519 key pair', store('ed25519'), 'ed25519', 'EdDSA'],
  ['one entry of several', store('several', { alias: 'ec' }), 'ec', 'ES256']
] as const) {
  test(`tokens are verified with ${what}`, async (t) => {
    const guarded = await app(t, { keys: [key] })
    const token = await sign(privateKey(signer), alg)
    assert.deepEqual([await status(guarded, token), await status(guarded, token, stranger)], [200, 401])
    assert.equal(await status(guarded, await sign(privateKey(signer === 'ec' ? 'rsa' : 'ec'), signer === 'ec' ? 'RS256' : 'ES256')), 401, 'another key')
  })
}

for (const [alg, enc] of [['dir', 'A256GCM'], ['dir', 'A128CBC-HS256'], ['A256KW', 'A256CBC-HS512']] as const) {
  test(`a secret key of keytool decrypts ${alg} with ${enc}, signed inside or not, as the operator says`, async (t) => {
    const encrypt = async (text: string): Promise<string> =>
      await new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc, typ: 'JWT' }).encrypt(aes)
    const nested = await encrypt(await sign(privateKey('rsa'), 'PS256'))
    const bare = await encrypt(JSON.stringify({ ...claims, exp: Math.floor(Date.now() / 1000) + 60 }))
    const decryption = { keys: [store('aes')], keyManagementAlgorithms: [alg] }
    const signed = await app(t, { keys: [store('rsa')], decryption })
    assert.deepEqual([await status(signed, nested), await status(signed, nested, stranger), await status(signed, bare)], [200, 401, 401])
    const told = await app(t, { keys: [store('rsa')], decryption: { ...decryption, allowUnsigned: true } })
    assert.deepEqual([await status(told, nested), await status(told, bare), await status(told, bare, stranger)], [200, 200, 401])
  })
}

const at = 'options\\.issuers\\[0\\]\\.jwt\\.'
const stops: Array<[what: string, jwt: JwtOptions, message: RegExp]> = [
  ['a wrong password', { keys: [store('rsa', { password: 'not-the-password' })] }, new RegExp(`^${at}keys\\[0\\]\\.pkcs12: .*password`)],
  ['an alias that is not there', { keys: [store('several', { alias: 'nobody' })] }, new RegExp(`^${at}keys\\[0\\]\\.pkcs12.*: .*"nobody".*rsa`)],
  ['several entries and no alias', { keys: [store('several')] }, new RegExp(`^${at}keys\\[0\\]\\.pkcs12.*: .*rsa`)],
  ['a file that is not there', { keys: [store('nowhere')] }, new RegExp(`^${at}keys\\[0\\]\\.pkcs12\\.file: cannot read .*nowhere\\.p12 \\(ENOENT\\)$`)],
  ['a file that is no key store', { keys: [{ pkcs12: { file: 'package.json', password } }] }, new RegExp(`^${at}keys\\[0\\]\\.pkcs12: found`)],
  ['a secret key for signatures', { keys: [store('aes')] }, new RegExp(`^${at}keys\\[0\\]: found a secret of 32 bytes, which fits none of the algorithms`)],
  ['a certificate for decryption', { keys: [store('rsa')], decryption: { keys: [store('trusted')], keyManagementAlgorithms: ['RSA-OAEP-256'] } },
    new RegExp(`^${at}decryption\\.keys\\[0\\]\\.pkcs12\\.alias: found a certificate without its private key; allowed: an entry with a private or secret key$`)],
  ['two sources of one key', { keys: [{ ...store('rsa'), pem: 'x' }] }, new RegExp(`^${at}keys\\[0\\]: found pem and pkcs12; allowed: one of pem, jwk, pkcs12$`)],
  ['no source', { keys: [{}] }, new RegExp(`^${at}keys\\[0\\]: found no key; allowed: one of pem, jwk, pkcs12$`)]
]

for (const [what, jwt, message] of stops) {
  test(`${what} stops the boot with one clear error`, async (t) => {
    await assert.rejects(app(t, jwt), (error: Error & { code: string }) => {
      assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\n|not-the-password|fixture-password/)
      return true
    })
  })
}
