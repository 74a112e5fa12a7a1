import type { TLSSocket } from 'node:tls'
import { refuse } from '../errors.ts'
import { presentCertificate } from './client-certificate.ts'
import type { ServerAuthorities } from './server-authorities.ts'
import type { CertificateMatch, CertificateSource, RememberedCertificate } from './source.ts'

/** The certificate of the TLS connection, where Fastify itself terminates TLS. */
export function tlsSource (match?: CertificateMatch, authorities?: ServerAuthorities): CertificateSource {
  const kCertificate = Symbol('fastify-bound-token.peer-certificate')
  type Remembering = TLSSocket & { [kCertificate]?: RememberedCertificate }

  const source: CertificateSource = {
    mayLackCertificate: false,
    fields: {},

    read (_fields, socket) {
      const remembered = (socket as Remembering)[kCertificate]
      if (remembered !== undefined) return remembered
      const der = (socket as TLSSocket).getPeerX509Certificate?.()?.raw
      if (der === undefined) return 'certificate_missing'
      if (match !== undefined && authorities?.vouchFor(socket as TLSSocket, der) !== true) throw refuse('certificate_unverified', 'a name for which no authority of the server vouches')
      match?.refuseOthers(der)
      const certificate = Object.freeze({ source, value: '', chain: undefined, presented: presentCertificate(der), standing: { goodFrom: 0, goodUntil: Infinity, judgedBy: null } })
      // Another handshake on this connection could bring another certificate; none is accepted (RFC 9440 section 1.2).
      ;(socket as TLSSocket).disableRenegotiation()
      ;(socket as Remembering)[kCertificate] = certificate
      return certificate
    },

    share: (proven) => proven,

    // Node has judged it in the handshake, as the options of the server say.
    isTrusted: () => true,
    async judge () {},
    revocationStats: () => null,
    async close () {},

    async ready () {
      await Promise.all([match?.ready(), match === undefined ? undefined : authorities?.ready()])
    }
  }
  return Object.freeze(source)
}
