import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { test } from 'node:test'
import { isPrivateAddress, publicLookup } from '../../../lib/certification-path/revocation/address.ts'
import { allowedHostsOf, permittedUrl } from '../../../lib/certification-path/revocation/permitted-url.ts'

test('338: loopback, link-local, private, unspecified and multicast addresses are private, in every form', () => {
  for (const address of [
    '127.0.0.1', '127.255.255.255', '169.254.169.254', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '0.0.0.0', '0.1.2.3', '100.64.0.1', '224.0.0.1', '239.1.1.1', '255.255.255.255',
    '198.18.0.1', '::1', '::', 'fe80::1', 'fe80::1%eth0',
    '2606:4700::1%eth0', 'fc00::1', 'fd12:3456::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1', '2001::1',
    'fec0::1', 'localhost', ''
  ]) assert.ok(isPrivateAddress(address), address)
  for (const address of ['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '169.253.1.1', '2606:4700::1111', '2a00:1450:4001:800::200e']) assert.ok(!isPrivateAddress(address), address)
})

const resolvingTo = (...addresses: readonly string[]): LookupFunction => (_hostname, options, callback) => {
  if (options.all === true) callback(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
  else callback(null, addresses[0] as string, 4)
}

function resolve (lookup: LookupFunction, all: boolean): Promise<unknown> {
  return new Promise((resolve) => publicLookup(lookup)('crl.example', { all }, (error, found) => resolve(error?.code ?? found)))
}

test('338: a name of which one address is private is not resolved', async () => {
  for (const all of [true, false]) {
    assert.equal(await resolve(resolvingTo('127.0.0.1'), all), 'EPRIVATE')
    assert.deepEqual(await resolve(resolvingTo('1.1.1.1'), all), all ? [{ address: '1.1.1.1', family: 4 }] : '1.1.1.1')
  }
  assert.equal(await resolve(resolvingTo('1.1.1.1', '::1'), true), 'EPRIVATE')
  assert.equal(await resolve(resolvingTo(), true), 'EPRIVATE')
  const failing: LookupFunction = (_hostname, _options, callback) => callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), [])
  assert.equal(await resolve(failing, true), 'ENOTFOUND')
})

test('338: of what a certificate names only http and https of an allowed host may be asked', () => {
  const hosts = allowedHostsOf(['crl.example', 'Other.Example:8080', '[2606:4700::1]'])
  for (const url of [
    'http://crl.example/a.crl', 'https://crl.example/?x', 'http://CRL.example:80/', 'https://crl.example:443/', 'http://other.example:8080/', 'http://[2606:4700::1]/'
  ]) assert.ok(permittedUrl(url, hosts), url)
  for (const url of [
    'ldap://crl.example/', 'file:///etc/passwd', 'ftp://crl.example/', 'javascript:1', 'http://crl.example:8080/', 'http://other.example/', 'http://a@crl.example/',
    'http://crl.example@evil.example/',
    'http://crl.example.evil.example/', 'http://xcrl.example/', 'crl.example', '', `http://crl.example/${'a'.repeat(2048)}`, 'http://127.0.0.1/'
  ]) assert.equal(permittedUrl(url, hosts), null, url)
  for (const host of ['http://crl.example', 'crl.example/a', 'a@b', '', 'a b', 'crl.example?']) assert.throws(() => allowedHostsOf([host]), /allowedHosts\[0\]: not a host/, host)
})
