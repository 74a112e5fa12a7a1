import { refuse } from '../errors.ts'
import { decodeBase64 } from './base64.ts'

// RFC 7468 section 2, strict label, nothing before it; white space only after it. The body may lack its line breaks, or have
// spaces or tabs for them, because a header line cannot hold any.
const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/= \t\r\n]*)-----END CERTIFICATE-----[ \t\r\n]*/y
const begin = '-----BEGIN '

/** One PEM certificate to DER, whatever white space its proxy left in it. */
export function decodePem (text: string): Buffer {
  const [body, end] = bodyAt(text, 0)
  if (body === undefined || end !== text.length) {
    if (text.indexOf(begin) !== text.lastIndexOf(begin)) throw refuse('certificate_ambiguous', 'more than one PEM block')
    throw refuse('certificate_malformed', 'not one PEM block labelled CERTIFICATE')
  }
  return decodeBody(body)
}

/** PEM certificates one after the other, with nothing but white space between them. */
export function decodePemBlocks (text: string): Buffer[] {
  const certificates: Buffer[] = []
  for (let at = 0; at < text.length;) {
    const [body, end] = bodyAt(text, at)
    if (body === undefined) throw refuse('certificate_malformed', 'not PEM blocks labelled CERTIFICATE')
    certificates.push(decodeBody(body))
    at = end
  }
  return certificates
}

function bodyAt (text: string, at: number): [body: string | undefined, end: number] {
  block.lastIndex = at
  const body = block.exec(text)?.[1]
  return [body, block.lastIndex]
}

function decodeBody (body: string): Buffer {
  const base64 = body.replace(/[ \t\r\n]+/g, '')
  if (base64 === '') throw refuse('certificate_placeholder', 'PEM armour with nothing inside')
  const der = decodeBase64(base64)
  if (der === null) throw refuse('certificate_malformed', 'the PEM body is not canonical base64')
  return der
}
