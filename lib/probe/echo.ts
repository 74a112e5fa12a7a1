import type { Readable } from 'node:stream'
import { isPlaceholder } from '../certificate/placeholder.ts'
import type { CertificateSource } from '../certificate/source.ts'
import { isRefusal } from '../errors.ts'
import { foldName } from '../field-name.ts'
import type { InboundMessage } from '../inbound-message.ts'
import { requestFields } from '../request-fields.ts'
import type { Echo, Holds, Line } from './echo-schema.ts'
import { digestOf, digestOfName, readSent, writeSent, type Sent } from './wire.ts'

/** A request whose body is still to be read. `IncomingMessage` and `Http2ServerRequest` both fit, and what `inject` makes, which has no trailers. */
export type ProbeMessage = InboundMessage & Readable & { readonly rawTrailers?: readonly string[] }

/** Trailers come behind the body. */
const mostBody = 65_536
const longestBody = 5000

/** What arrived under the names that the plugin reads, and what it would make of it. */
export async function echoOf (message: ProbeMessage, source: CertificateSource, said: string | null): Promise<Echo> {
  const sent = said === null ? null : readSent(said)
  const fields = Object.entries(source.fields) as Array<[string, string]>
  const listed = listedBy(message.rawHeaders)
  await readToEnd(message)
  const trailers = new Set(namesOf(message.rawTrailers ?? []).map(foldName))
  return {
    probe: 1,
    isToldApart: sent !== null,
    answers: sent === null ? null : digestOf(writeSent(sent)),
    fields: Object.fromEntries(fields.map(([role, name]) => [role, {
      nameDigest: digestOfName(name),
      lines: linesOf(message.rawHeaders, name, sent)
    }])),
    listedByConnection: fields.filter(([, name]) => listed.has(foldName(name))).map(([role]) => role),
    trailers: fields.filter(([, name]) => trailers.has(foldName(name))).map(([role]) => role),
    isPeerTrusted: isPeerTrusted(message, source),
    plugin: judgement(message, source, sent)
  }
}

function linesOf (rawHeaders: readonly string[], own: string, sent: Sent | null): Line[] {
  return rawHeaders.flatMap((name, index) => {
    if (index % 2 !== 0 || foldName(name) !== foldName(own)) return []
    return [{
      holds: holdsOf(rawHeaders[index + 1] as string, sent),
      isAlias: name.toLowerCase() !== own.toLowerCase(),
      signs: name.replace(/[A-Za-z0-9]/g, '')
    }]
  })
}

function holdsOf (value: string, sent: Sent | null): Holds {
  const text = value.trim()
  if (text === '') return 'empty'
  if (sent !== null && text.includes(sent.marker)) {
    // The proxy may have joined two lines of the probe. No value of the probe has a comma.
    const isOurs = (member: string): boolean => [sent.value, sent.verdict].includes(digestOf(member.trim()))
    return text.split(',').every(isOurs) ? 'own' : 'both'
  }
  if (sent !== null && digestOf(text) === sent.verdict) return 'same'
  return isPlaceholder(text) ? 'placeholder' : 'other'
}

function judgement (message: InboundMessage, source: CertificateSource, sent: Sent | null): Echo['plugin'] {
  let certificate: Holds | null = null
  let verdict: Holds | null = null
  // Two lines that somebody has joined are as good as two.
  let isAboutLines = true
  try {
    const fields = requestFields(source.fields)(message.rawHeaders)
    if (fields.certificate !== undefined) certificate = holdsOf(fields.certificate, sent)
    if (fields.verdict !== undefined) verdict = holdsOf(fields.verdict, sent)
    isAboutLines = fields.certificate?.includes(',') === true
    const found = source.read(fields, message.socket, undefined)
    if (typeof found === 'string') return { outcome: found, detail: null, certificate, verdict, isAboutLines: false, isForged: false }
    return { outcome: 'read', detail: null, certificate, verdict, isAboutLines: false, isForged: found.presented.certificate.thumbprint === sent?.thumbprint }
  } catch (error) {
    // What is thrown here may hold a value: only what is a constant of ours goes further.
    const { reason = 'not_judged', detail = null } = isRefusal(error) ? error : {}
    return { outcome: reason, detail, certificate, verdict, isAboutLines, isForged: false }
  }
}

/** The source itself tells, of a certificate that it cannot read: the peer is judged first. */
function isPeerTrusted ({ socket, rawHeaders }: InboundMessage, source: CertificateSource): boolean {
  const own = source.fields.secret?.toLowerCase()
  const secret = rawHeaders.find((_value, index) => index % 2 === 1 && (rawHeaders[index - 1] as string).toLowerCase() === own)
  try {
    source.read({ authorization: undefined, certificate: 'no certificate', verdict: undefined, chain: undefined, secret }, socket, undefined)
    return true
  } catch (error) {
    return !(isRefusal(error) && error.reason === 'certificate_source_untrusted')
  }
}

function listedBy (rawHeaders: readonly string[]): Set<string> {
  return new Set(rawHeaders.flatMap((name, index) => index % 2 === 0 && name.toLowerCase() === 'connection'
    ? (rawHeaders[index + 1] as string).split(',').map((listed) => foldName(listed.trim()))
    : []))
}

function namesOf (lines: readonly string[]): string[] {
  return lines.filter((_name, index) => index % 2 === 0)
}

/** Of a body that does not end, what has come so far must do. */
async function readToEnd (message: Readable): Promise<void> {
  await new Promise<void>((resolve) => {
    let length = 0
    const timer = setTimeout(resolve, longestBody)
    const finish = (): void => {
      clearTimeout(timer)
      resolve()
    }
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > mostBody) finish()
    })
    for (const event of ['end', 'error', 'close']) message.once(event, finish)
  })
}
