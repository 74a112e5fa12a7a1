import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OptionsError } from '../../lib/errors.ts'
import { trustedPeers } from '../../lib/certificate/trusted-proxy.ts'

const bad = ['', ' ', 'localhost', 'proxy.example.com', '10.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8.0', '10.0.0.0/8/8', '10.0.0.0/ 8',
  '10.0.0.0/1e1', '10.0.0.0/0x8', '10.0.0.0/255.0.0.0', '10.0.0.0-10.0.0.9', '10.0.0.*', '10.0.0.256', '010.0.0.1', '0x0a000001', '167772161',
  ' 10.0.0.1', '10.0.0.1 ', '10.0.0.1,10.0.0.2', '::1/129', '::1/', ':::1', '[::1]', '2001:db8::/32/32', 'unix:', 'UNIX', 'unix:/run/a.sock', '*', 'all',
  'loopback', 'uniquelocal', 'true', '/8', '1']

const everybody = ['0.0.0.0/0', '::/0', '10.0.0.0/0', '2001:db8::/0', '0.0.0.0/00', '0.0.0.0/000']

describe('trusted proxies that stop the boot', () => {
  for (const entry of bad) {
    it(JSON.stringify(entry), () => {
      assert.throws(() => trustedPeers(['127.0.0.1', entry], 'options.certificate.trustedProxies'), (error: Error & { code?: string }) => {
        assert.ok(error instanceof OptionsError)
        assert.equal(error.code, 'FST_BOUND_TOKEN_OPTIONS')
        assert.equal(error.message,
          `options.certificate.trustedProxies[1]: found "${entry}"; allowed: an IP address, a CIDR such as "10.0.0.0/8", or "unix"`)
        return true
      })
    })
  }

  for (const entry of everybody) {
    it(`S-1: ${entry}, which trusts everybody`, () => {
      assert.throws(() => trustedPeers([entry], 'options.certificate.trustedProxies'), (error: Error) => {
        assert.ok(error instanceof OptionsError)
        assert.match(error.message, /^options\.certificate\.trustedProxies\[0\]: found "[^"]+", which trusts so many addresses.*; allowed: the addresses of your proxies$/)
        assert.ok(error.message.includes(`"${entry}"`))
        return true
      })
    })
  }
})
