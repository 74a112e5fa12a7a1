import { hash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { OptionsError } from '../errors.ts'
import type { ProxyCertificateOptions } from '../options.ts'
import type { NamesCheck } from './names.ts'
import { serverAuthorities } from './server-authorities.ts'
import type { Surroundings } from './surroundings.ts'

/** The certificate that a proxy itself shows when it connects with mutual TLS. */
export interface ProxyCertificate {
  /** Whether the peer at the other end of a socket has shown one of these. */
  isShown (socket: Socket): boolean
  /** Loads what reading names takes; until then nobody is known by a name. */
  ready (): Promise<void>
}

/**
 * @throws OptionsError where this server could never see such a certificate, or anybody's authority could vouch for the name
 */
export function proxyCertificate ({ thumbprints, subjects }: ProxyCertificateOptions, path: string, { server }: Surroundings): ProxyCertificate {
  if (thumbprints === undefined && subjects === undefined) throw new OptionsError(`${path}: found neither thumbprints nor subjects; allowed: one of them, or both as alternatives`)
  if (server === null || !server.asksForCertificate) {
    throw new OptionsError(`${path}: this server does not ask for certificates; allowed: where Fastify terminates TLS, Fastify({ https: { requestCert: true, … } })`)
  }
  if (subjects !== undefined && server.authorities() === undefined) {
    throw new OptionsError(`${path}.subjects: this server has no authority of its own, so that every public one could vouch for a name; allowed: with Fastify({ https: { ca, … } }), or thumbprints`)
  }
  const empty = subjects?.findIndex((subject) => Object.values(subject).every((value) => value === undefined)) ?? -1
  if (empty !== -1) throw new OptionsError(`${path}.subjects[${empty}]: found an empty object, which every certificate of the authority would fit; allowed: at least one name`)
  const known = new Set((thumbprints ?? []).map((thumbprint, index) => x5tOf(thumbprint, `${path}.thumbprints[${index}]`)))
  const authorities = serverAuthorities(server)
  let areSubjects: NamesCheck | null = null

  return {
    isShown (socket) {
      const tls = socket as Partial<TLSSocket>
      const der = tls.getPeerX509Certificate?.()?.raw
      if (der === undefined) return false
      // Another handshake on this connection could bring another certificate.
      tls.disableRenegotiation?.()
      if (known.has(hash('sha256', der, 'base64url'))) return true
      // A name counts for nothing unless an authority of the server vouches for it.
      return areSubjects !== null && areSubjects(der) && authorities.vouchFor(tls, der)
    },

    async ready () {
      if (subjects === undefined || areSubjects !== null) return
      await authorities.ready()
      const { namesCheck } = await import('./names.ts')
      areSubjects = namesCheck(subjects.map((subject) => ({ subject })))
    }
  }
}

/** The forms in which people have a SHA-256: RFC 8705 section 3.1, or hex as `openssl x509 -fingerprint -sha256` prints it. */
function x5tOf (thumbprint: string, path: string): string {
  const hex = thumbprint.replaceAll(':', '')
  if (/^[0-9A-Fa-f]{64}$/.test(hex)) return Buffer.from(hex, 'hex').toString('base64url')
  if (thumbprint.length === 43 && Buffer.from(thumbprint, 'base64url').toString('base64url') === thumbprint) return thumbprint
  throw new OptionsError(`${path}: found something that is no SHA-256 thumbprint; allowed: 43 characters of base64url, or 64 of hex with or without colons`)
}
