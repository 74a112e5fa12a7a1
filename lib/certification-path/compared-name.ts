import type { GeneralName, OpaqueForm } from './general-name.ts'
import type { Name } from './name.ts'

/** A name in the parts that constraints speak of, or `unknown` where it has not got them. */
export type ComparedName =
  | { readonly form: 'dNSName', readonly host: string, readonly isWildcard: boolean }
  | { readonly form: 'rfc822Name', readonly local: string, readonly host: string }
  | { readonly form: 'uniformResourceIdentifier', readonly host: string }
  | { readonly form: 'iPAddress', readonly value: Uint8Array }
  | { readonly form: 'directoryName', readonly value: Name }
  | { readonly form: OpaqueForm | 'unknown' }

const unknown: ComparedName = Object.freeze({ form: 'unknown' })

export function comparedName (name: GeneralName): ComparedName {
  switch (name.form) {
    case 'dNSName': {
      const whole = name.value.toLowerCase()
      const isWildcard = whole.startsWith('*.')
      const host = isWildcard ? whole.slice(2) : whole
      return isHost(host) ? { form: name.form, host, isWildcard } : unknown
    }
    case 'rfc822Name': {
      const parts = mailbox(name.value)
      return parts === null ? unknown : { form: name.form, ...parts }
    }
    case 'uniformResourceIdentifier': {
      const host = hostOfUri(name.value)
      return host === null ? unknown : { form: name.form, host }
    }
    default: return name
  }
}

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** In lower case. */
export function isHost (host: string): boolean {
  return host.length <= 253 && host.split('.').every((part) => label.test(part))
}

export interface Mailbox {
  readonly local: string
  readonly host: string
}

// RFC 5321 section 2.4: the case of a local part may matter, that of a host does not. A quoted local part is not understood.
export function mailbox (text: string): Mailbox | null {
  const [local = '', host = '', ...more] = text.split('@')
  const isRead = more.length === 0 && /^[^\s"(),:;<>[\\\]]+$/.test(local) && isHost(host.toLowerCase())
  return isRead ? { local, host: host.toLowerCase() } : null
}

// RFC 5280 section 4.2.1.10: what has no authority, or one that is not a fully qualified name, is refused.
function hostOfUri (uri: string): string | null {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1]
  if (authority === undefined) return null
  // After the userinfo; a second sign stays and makes it no host.
  const host = authority.slice(authority.indexOf('@') + 1).replace(/:\d*$/, '').toLowerCase()
  const isAddress = /(?:^|\.)\d+$/.test(host)
  return isHost(host) && host.includes('.') && !isAddress ? host : null
}
