import { Socket } from 'node:net'
import type { CertificateSource, RememberedCertificate } from '../../lib/certificate/source.ts'
import type { InboundMessage } from '../../lib/inbound-message.ts'
import { isRefusal } from '../../lib/errors.ts'
import { requestFields } from '../../lib/request-fields.ts'

export type FieldLine = readonly [name: string, value: string]

/** A message as Node's parser gives it: each line as it came, its value trimmed. */
export function inboundMessage (lines: readonly FieldLine[], socket: Socket = new Socket()): InboundMessage {
  const rawHeaders = lines.flatMap(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')])
  return { rawHeaders, socket, url: '/' }
}

/** A socket that comes from this address; without one, as a unix socket or one that was closed. */
export function socketFrom (remoteAddress?: string): Socket {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress })
  return socket
}

/** What a source makes of a message, by the two steps that the guard takes. */
export function readFrom (source: CertificateSource, { rawHeaders, socket }: InboundMessage, remembered?: RememberedCertificate) {
  return source.read(requestFields(source.fields)(rawHeaders), socket, remembered)
}

/** The thumbprint of the certificate that was taken, else the reason. Anything thrown but a refusal goes on. */
export function verdictOf (source: CertificateSource, message: InboundMessage, remembered?: RememberedCertificate): string {
  try {
    const outcome = readFrom(source, message, remembered)
    return typeof outcome === 'string' ? outcome : outcome.presented.certificate.thumbprint
  } catch (error) {
    if (isRefusal(error)) return error.reason
    throw error
  }
}
