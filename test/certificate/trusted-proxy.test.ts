import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { trustedPeers } from '../../lib/certificate/trusted-proxy.ts'
import { socketFrom } from './inbound.ts'

function peersOf (entries: readonly string[]): (socket: Socket) => boolean {
  const { isTrusted } = trustedPeers(entries, 'trustedProxies')
  return (socket) => isTrusted(socket, undefined)
}

function trusts (entries: readonly string[], address: string | undefined): boolean {
  return peersOf(entries)(socketFrom(address))
}

const table: ReadonlyArray<readonly [entry: string, trusted: readonly string[], untrusted: readonly string[]]> = [
  ['127.0.0.1', ['127.0.0.1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'], ['127.0.0.2', '::1', '::127.0.0.1', '127.0.0.10']],
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'], ['9.255.255.255', '11.0.0.0', '::ffff:11.0.0.0', '2001:db8::10.0.0.1']],
  ['10.1.2.3/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0']],
  ['192.168.4.0/23', ['192.168.4.0', '192.168.5.255'], ['192.168.3.255', '192.168.6.0']],
  ['192.0.2.7/32', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
  ['192.0.2.7/31', ['192.0.2.6', '192.0.2.7'], ['192.0.2.5', '192.0.2.8']],
  ['0.0.0.0/8', ['0.255.255.255', '0.0.0.0'], ['1.0.0.0', '::1', '::']],
  ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['127.0.0.1', '::ffff:127.0.0.1', '::2', '::']],
  ['::1/128', ['::1'], ['::', '::2']],
  ['2001:db8::/33', ['2001:db8::', '2001:db8:7fff:ffff::1', '2001:DB8::1'], ['2001:db8:8000::', '2001:db9::']],
  ['fe80::/10', ['fe80::1', 'fe80::1%eth0', 'febf::1%en 0', 'fe80::1%25'], ['fec0::1', 'fec0::1%eth0', '::1%fe80']],
  ['::ffff:10.0.0.0/104', ['::ffff:10.1.1.1', '10.1.1.1'], ['11.1.1.1', '::ffff:11.1.1.1', '::1']]
]

describe('trusted proxies', () => {
  for (const [entry, trusted, untrusted] of table) {
    it(entry, () => {
      for (const address of trusted) assert.equal(trusts([entry], address), true, `${address} is trusted`)
      for (const address of untrusted) assert.equal(trusts([entry], address), false, `${address} is not trusted`)
    })
  }

  it('S-1: an address that is none is never trusted', () => {
    const entries = ['127.0.0.0/8', '10.0.0.0/8', '0.0.0.0/8', 'fe00::/7']
    for (const address of ['', ' ', 'localhost', '127.1', '0x7f.0.0.1', '127.0.0.1 ', '127.0.0.1, 10.0.0.1', '127.0.0.1:80', '[::1]', '%eth0', '10.0.0.0/8', 'unix']) {
      assert.equal(trusts(entries, address), false, address)
    }
    assert.equal(trusts(entries, '127.0.0.1'), true)
    assert.equal(trusts(entries, 'ffff::1'), true)
  })

  it('several entries: one is enough', () => {
    const entries = ['192.0.2.1', '2001:db8::/32', 'unix']
    assert.equal(trusts(entries, '192.0.2.1'), true)
    assert.equal(trusts(entries, '2001:db8::1'), true)
    assert.equal(trusts(entries, '192.0.2.2'), false)
  })

  it('agrees with the arithmetic of IPv4 for any range and address', () => {
    const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    fc.assert(fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 8, max: 32 }), fc.integer({ min: 0, max: 31 }), (network, any, length, bit) => {
      const size = 2 ** (32 - length)
      const flipped = (toNumber(network) ^ (1 << bit)) >>> 0
      const near = [24, 16, 8, 0].map((shift) => (flipped >>> shift) & 0xff).join('.')
      for (const address of [any, near, network]) {
        const expected = Math.floor(toNumber(network) / size) === Math.floor(toNumber(address) / size)
        assert.equal(trusts([`${network}/${length}`], address), expected)
        assert.equal(trusts([`${network}/${length}`], `::ffff:${address}`), expected)
      }
    }), { numRuns: 500 })
  })
})

describe('the verdict about a peer', () => {
  it('is remembered on its socket', () => {
    let reads = 0
    const socket = new Socket()
    Object.defineProperty(socket, 'remoteAddress', { get: () => { reads++; return '192.0.2.1' } })
    const isTrusted = peersOf(['192.0.2.1'])
    assert.deepEqual([isTrusted(socket), isTrusted(socket), reads], [true, true, 1])
  })

  it('is remembered as a refusal, too', () => {
    const socket = socketFrom('192.0.2.2')
    const isTrusted = peersOf(['192.0.2.1'])
    assert.deepEqual([isTrusted(socket), isTrusted(socket)], [false, false])
  })

  it('S-28: is not shared by two routes that trust different peers over one connection', () => {
    const socket = socketFrom('192.0.2.1')
    const strict = peersOf(['192.0.2.2'])
    const lax = peersOf(['192.0.2.1'])
    assert.deepEqual([lax(socket), strict(socket), lax(socket), strict(socket)], [true, false, true, false])
  })

  it('leaves nothing on the socket that a listing of its properties shows', () => {
    const socket = socketFrom('192.0.2.1')
    const names = Object.keys(socket)
    peersOf(['192.0.2.1'])(socket)
    assert.deepEqual(Object.keys(socket), names)
  })
})
