import { isHost, mailbox, type ComparedName } from './compared-name.ts'
import type { GeneralName } from './general-name.ts'
import { isWithin, mayBeWithin } from './name.ts'

/** Tells where a name of the same form is; `unknown` where they cannot be compared. */
export type Subtree = (name: ComparedName) => 'inside' | 'outside' | 'unknown'

type Kind = 'permitted' | 'excluded'

/**
 * The subtree below the base of a constraint (RFC 5280 section 4.2.1.10). Of a wildcard it takes what allows less: so the same
 * base can be wider when it excludes.
 *
 * @throws SyntaxError where the base is malformed
 */
export function readSubtree (base: GeneralName, kind: Kind): Subtree {
  switch (base.form) {
    case 'dNSName': return dnsSubtree(base.value, kind)
    case 'rfc822Name': return mailboxSubtree(base.value)
    case 'uniformResourceIdentifier': return uriSubtree(base.value)
    case 'iPAddress': return addressSubtree(base.value)
    case 'directoryName': {
      const { value } = base
      return (name) => {
        if (name.form !== 'directoryName') return 'unknown'
        return kind === 'excluded' && !isWithin(name.value, value) && mayBeWithin(name.value, value) ? 'unknown' : said(isWithin(name.value, value))
      }
    }
    default: return () => 'unknown'
  }
}

function said (isInside: boolean): 'inside' | 'outside' {
  return isInside ? 'inside' : 'outside'
}

/** @throws SyntaxError */
function expectHost (host: string): string {
  if (!isHost(host)) throw new SyntaxError('a constraint that is not a host or domain')
  return host
}

/** A host, or with a leading period the hosts below a domain; the empty base stands for all. */
function domainOf (base: string): string {
  const domain = base.toLowerCase()
  if (base !== '') expectHost(domain.replace(/^\./, ''))
  return domain
}

// A host with all that is below it. A leading period is for mailboxes and URIs only.
function dnsSubtree (base: string, kind: Kind): Subtree {
  const domain = base === '' ? '' : expectHost(base.toLowerCase())
  const suffix = `.${domain}`
  return (name) => {
    if (name.form !== 'dNSName') return 'unknown'
    const { host, isWildcard } = name
    if (domain === '') return 'inside'
    // '*.example.com' also stands for names in a subtree further down: enough to be excluded.
    if (isWildcard && kind === 'excluded' && domain.endsWith(`.${host}`)) return 'inside'
    return said(host === domain || host.endsWith(suffix))
  }
}

// One mailbox, all mailboxes on a host, or, with a leading period, on the hosts below a domain.
function mailboxSubtree (base: string): Subtree {
  const wanted = mailbox(base)
  if (wanted !== null) return (name) => name.form === 'rfc822Name' ? said(name.local === wanted.local && name.host === wanted.host) : 'unknown'
  const domain = domainOf(base)
  return (name) => name.form === 'rfc822Name' ? said(isHostOf(name.host, domain)) : 'unknown'
}

function isHostOf (host: string, base: string): boolean {
  return base === '' || (base.startsWith('.') ? host.endsWith(base) : host === base)
}

function uriSubtree (base: string): Subtree {
  const domain = domainOf(base)
  return (name) => name.form === 'uniformResourceIdentifier' ? said(isHostOf(name.host, domain)) : 'unknown'
}

// The address and its mask; a mask of CIDR (RFC 4632) has its ones first.
function addressSubtree (base: Uint8Array): Subtree {
  const length = base.length / 2
  if (length !== 4 && length !== 16) throw new SyntaxError('a constraint of addresses has 8 or 32 octets')
  const mask = base.subarray(length)
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  if (bits.includes('01')) throw new SyntaxError('a mask that is not that of a prefix')
  return (name) => {
    if (name.form !== 'iPAddress') return 'unknown'
    const { value } = name
    return said(value.length === length && mask.every((octet, index) => ((value[index] as number) & octet) === ((base[index] as number) & octet)))
  }
}
