import { lookup as lookupInDns } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

// Where nothing is that a certificate could name for everybody: the IANA special-purpose registries (RFC 6890) and multicast.
const networks: ReadonlyArray<readonly [string, number]> = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4]
]
// All of IPv6 but the global unicast addresses 2000::/3; within these, those that lead to an IPv4 address or to nobody.
const networks6: ReadonlyArray<readonly [string, number]> = [
  ['::', 3], ['4000::', 2], ['8000::', 1], ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]
]

// One list for each family: Node also compares the one with the networks of the other.
const refused = Object.freeze({ 4: new BlockList(), 6: new BlockList() })
for (const [network, prefix] of networks) refused[4].addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of networks6) refused[6].addSubnet(network, prefix, 'ipv6')

/** Loopback, link-local, private, unspecified, multicast and the like; also what is no address. */
export function isPrivateAddress (address: string): boolean {
  // An address with a zone is link-local.
  if (address.includes('%')) return true
  const family = isIP(address)
  return family === 4 ? refused[4].check(address) : family !== 6 || refused[6].check(address, 'ipv6')
}

/**
 * Resolves a name for a connection that is about to be made, and fails where one of its addresses is private: it is this very
 * answer that is connected to, so a name that changes its address in between wins nothing.
 */
export function publicLookup (lookup: LookupFunction = lookupInDns as LookupFunction): LookupFunction {
  return (hostname, options, callback) => lookup(hostname, options, (error, found, family) => {
    const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address)
    const isRefused = error === null && (addresses.length === 0 || addresses.some(isPrivateAddress))
    if (isRefused) callback(Object.assign(new Error('a private address'), { code: 'EPRIVATE' }), [])
    else callback(error, found, family)
  })
}
