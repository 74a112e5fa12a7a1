import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import fc from 'fast-check'
import boundToken, { forward } from '../../lib/index.ts'
import { isRefusal } from '../../lib/errors.ts'
import { thumbprintFormats } from '../../lib/certificate/thumbprint-formats.ts'
import { jwtIssuer } from '../doubles/jwt-issuer.ts'
import { owner, stranger } from '../guard/protected-app.ts'

type Name = keyof typeof thumbprintFormats

const spellings: Readonly<Record<Name, ReadonlyArray<(digest: Buffer) => string>>> = {
  'x5t#S256': [(digest) => digest.toString('base64url')],
  'sha256-hex': [(digest) => digest.toString('hex'), (digest) => digest.toString('hex').toUpperCase()],
  'sha256-base64': [(digest) => digest.toString('base64'), (digest) => digest.toString('base64').replace('=', '')]
}

function outcome (name: Name, value: string): Buffer | string {
  try {
    return thumbprintFormats[name](value)
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}

for (const name of Object.keys(thumbprintFormats) as Name[]) {
  describe(`format ${name}`, () => {
    it('reads every thumbprint as its proxies write it', () => {
      fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        for (const spell of spellings[name]) assert.deepEqual(outcome(name, spell(Buffer.from(bytes))), Buffer.from(bytes))
      }))
    })

    it('takes no other length, no other sign, and no stray bits', () => {
      const digest = randomBytes(32)
      for (const spell of spellings[name]) {
        const good = spell(digest)
        const bad = [good.slice(1), `${good}A`, ` ${good}`, `${good} `, `${good}=`.repeat(2), good.replace(/./, '!'), good.replace(/.$/, '\n'), `${good},${good}`, spell(digest.subarray(1)), '']
        for (const value of bad) assert.equal(outcome(name, value), 'certificate_malformed', JSON.stringify(value))
      }
    })

    it('whatever it takes is one of its spellings', () => {
      fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[0-9a-fA-F]{62,66}$/), fc.stringMatching(/^[A-Za-z0-9_-]{42,44}$/)), (value) => {
        const read = outcome(name, value)
        if (typeof read !== 'string') assert.ok(spellings[name].some((spell) => spell(read) === value))
      }), { numRuns: 2000 })
    })
  })
}

it('hex in mixed case is none', () => assert.equal(outcome('sha256-hex', `${'a'.repeat(63)}A`), 'certificate_malformed'))

describe('a source of thumbprints', () => {
  const issuer = jwtIssuer()
  const ownersDigest = Buffer.from(owner.thumbprint, 'base64url')

  async function scene (format: Name, upstream?: object): Promise<FastifyInstance> {
    const app = Fastify() as FastifyInstance
    await app.register(boundToken, { certificate: { header: 'x-client-thumbprint', format, trustedProxies: ['127.0.0.1'] }, issuers: [issuer.options()] })
    app.get('/', async ({ clientCertificate }) => ({ ...clientCertificate }))
    app.get('/der', async ({ clientCertificate }) => clientCertificate?.der)
    if (upstream !== undefined) app.get('/upstream', { config: { boundToken: { upstream: { url: 'http://127.0.0.1:1', ...upstream } } } }, forward)
    return app
  }

  for (const format of Object.keys(thumbprintFormats) as Name[]) {
    it(`${format}: lets the owner in and nobody else`, async () => {
      const app = await scene(format)
      const token = await issuer.issue({ cnf: { 'x5t#S256': owner.thumbprint } })
      const send = async (value: string | undefined, url = '/') =>
        await app.inject({ url, headers: { authorization: `Bearer ${token}`, ...value === undefined ? {} : { 'x-client-thumbprint': value } } })
      for (let round = 0; round < 2; round++) {
        for (const spell of spellings[format]) {
          assert.deepEqual((await send(spell(ownersDigest))).json(), { thumbprint: owner.thumbprint })
          assert.equal((await send(spell(Buffer.from(stranger.thumbprint, 'base64url')))).statusCode, 401)
          assert.equal((await send(`${spell(ownersDigest)}, ${spell(ownersDigest)}`)).statusCode, 401)
        }
        for (const value of [undefined, '', '(null)']) assert.equal((await send(value)).statusCode, 401)
      }
      assert.equal((await send((spellings[format][0] as (digest: Buffer) => string)(ownersDigest), '/der')).statusCode, 500, 'only the thumbprint is known')
      await app.close()
    })

    it(`C12, ${format}: the thumbprint of nothing is no certificate`, async () => {
      const app = await scene(format)
      const nothing = Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex')
      const token = await issuer.issue({ cnf: { 'x5t#S256': nothing.toString('base64url') } })
      for (const spell of spellings[format]) {
        assert.equal((await app.inject({ url: '/', headers: { authorization: `Bearer ${token}`, 'x-client-thumbprint': spell(nothing) } })).statusCode, 401)
      }
      await app.close()
    })
  }

  it('has no certificate to send upstream: that stops the boot', async () => {
    await assert.rejects(scene('x5t#S256', { certificate: { header: 'client-cert', format: 'rfc9440' } }),
      /upstream\.certificate\.format: found "rfc9440", but thumbprints come in without a certificate; allowed: "x5t#S256"/)
    const app = await scene('x5t#S256', { certificate: { header: 'x-thumbprint' } })
    await app.close()
  })
})
