import { BlockList, isIP, isIPv6, type Socket } from 'node:net'
import { OptionsError } from '../errors.ts'

/**
 * Whether the peer at the other end of a socket has one of these addresses: the socket's own, never what forwarded headers say.
 *
 * @param trusted - CIDRs, single addresses, and `unix` for a unix socket, each with what to call it in an error
 * @throws OptionsError
 */
export function trustedAddresses (trusted: ReadonlyArray<readonly [entry: string, path: string]>): (socket: Socket) => boolean {
  const addresses = new BlockList()
  let unix = false
  for (const [entry, path] of trusted) {
    if (entry === 'unix') unix = true
    else addRange(addresses, entry, path)
  }
  return (socket) => {
    const { remoteAddress } = socket
    // A socket that was closed in between has no address either: only a listener at a path makes it a unix socket.
    return remoteAddress === undefined ? unix && listensAtPath(socket) : includes(addresses, remoteAddress)
  }
}

/** What is no address may be a secret in the wrong place. */
function shown (entry: string): string {
  return entry.length < 32 ? `"${entry}"` : `text of ${entry.length} characters`
}

function listensAtPath (socket: Socket): boolean {
  const { server } = socket as Socket & { server?: { address?: () => unknown } }
  return typeof server?.address?.() === 'string'
}

function includes (addresses: BlockList, remoteAddress: string): boolean {
  // fe80::1%eth0: the zone names an interface of ours, not a part of the address (RFC 4007 section 11).
  const address = remoteAddress.replace(/%.*$/, '')
  const version = isIP(address)
  // IPv4 addresses in IPv6 form (::ffff:10.0.0.1) are found in IPv4 ranges too.
  return version !== 0 && addresses.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

// Wider ones hold more than any network of one's own: 10.0.0.0/8 and fc00::/7 are the widest private ranges.
const shortestPrefix = { ipv4: 8, ipv6: 7 }

function addRange (addresses: BlockList, entry: string, path: string): void {
  const [address = '', prefix, ...rest] = entry.split('/')
  const version = isIP(address)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const bits = version === 4 ? 32 : 128
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN
  if (version === 0 || address.includes('%') || rest.length > 0 || !(length <= bits)) {
    throw new OptionsError(`${path}: found ${shown(entry)}; allowed: an IP address, a CIDR such as "10.0.0.0/8", or "unix"`)
  }
  const range = new BlockList()
  range.addSubnet(address, length, family)
  const holdsAllOfIPv4 = version === 6 && range.check('0.0.0.0') && range.check('255.255.255.255')
  if (length < shortestPrefix[family] || holdsAllOfIPv4) {
    throw new OptionsError(`${path}: found "${entry}", which trusts so many addresses that callers could forge a certificate; allowed: the addresses of your proxies`)
  }
  addresses.addSubnet(address, length, family)
}

/** An address in the one spelling that it has (RFC 5952); anything else as it is. */
export function canonicalAddress (address: string): string {
  return isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
}
