/** What a shape is made of. */
export interface Ingredients {
  /** Names as the operator wrote them; null without a verify header. */
  readonly header: string
  readonly verifyHeader: string | null
  readonly value: string
  readonly verdict: string
}

/** One way in which a client may write what only the proxy may. */
export interface Shape {
  readonly name: string
  /** Lines of an HTTP/1.1 header; a line may break where the shape is about that. */
  readonly lines: (ingredients: Ingredients) => readonly string[]
  /** Means nothing without a verify header. */
  readonly needsVerdict?: true
  /** The verdict that is sent: one that a proxy would write, or text that only the probe can have written. */
  readonly verdict?: 'good' | 'marked'
  /** HTTP/2 can express it. */
  readonly http2?: true
  /** Brings its own `Connection` header. */
  readonly hasConnection?: true
  readonly trailers?: (ingredients: Ingredients) => readonly string[]
  readonly version?: '1.0'
  readonly target?: 'absolute'
}

type Names = (name: string) => string

const asWritten: Names = (name) => titled(name)
const otherCase: Names = (name) => [...name].map((sign, index) => index % 2 === 0 ? sign.toLowerCase() : sign.toUpperCase()).join('')
const upperCase: Names = (name) => name.toUpperCase()
const lowerCase: Names = (name) => name.toLowerCase()
const underscores: Names = (name) => titled(name).replace(/[^A-Za-z0-9]/g, '_')
const dots: Names = (name) => titled(name).replace(/[^A-Za-z0-9]/g, '.')
/** The one of `-` and `_` that the header does not have. */
const swapped: Names = (name) => name.includes('_') ? titled(name).replaceAll('_', '-') : underscores(name)

/** Both headers, as far as there are two. */
function both ({ header, verifyHeader, value, verdict }: Ingredients, names: Names = asWritten): string[] {
  return [`${names(header)}: ${value}`, ...verifyHeader === null ? [] : [`${names(verifyHeader)}: ${verdict}`]]
}

const verdictLine = ({ verifyHeader, verdict }: Ingredients): string => `${asWritten(verifyHeader as string)}: ${verdict}`
const connection = (...names: Array<string | null>): string => ['Connection: close', ...names.map((name) => asWritten(name as string))].join(', ')

/** Shapes that some real proxy lets through, in some configuration. */
export const shapes: readonly Shape[] = [
  { name: 'same name', http2: true, lines: ({ header, value }) => [`${asWritten(header)}: ${value}`] },
  { name: 'same names, with the verdict', needsVerdict: true, http2: true, lines: (given) => both(given) },
  { name: 'other case', lines: (given) => both(given, otherCase) },
  { name: 'upper case', lines: (given) => both(given, upperCase) },
  { name: 'lower case', lines: (given) => both(given, lowerCase) },
  { name: 'twice', http2: true, lines: (given) => [...both(given), ...both(given)] },
  { name: 'empty', http2: true, lines: ({ header }) => [`${asWritten(header)}:`] },
  { name: 'empty, then the value', http2: true, lines: (given) => [`${asWritten(given.header)}:`, ...both(given)] },
  { name: 'underscores and dashes swapped', http2: true, lines: (given) => both(given, swapped) },
  { name: 'dots', http2: true, lines: (given) => both(given, dots) },
  { name: 'verify header alone', needsVerdict: true, verdict: 'marked', http2: true, lines: (given) => [verdictLine(given)] },
  { name: 'verify header alone, good', needsVerdict: true, http2: true, lines: (given) => [verdictLine(given)] },
  { name: 'verify header twice', needsVerdict: true, verdict: 'marked', http2: true, lines: (given) => [verdictLine(given), verdictLine(given)] },
  { name: 'Connection names the certificate header', hasConnection: true, lines: ({ header }) => [connection(header)] },
  { name: 'Connection names the verify header', needsVerdict: true, hasConnection: true, lines: ({ verifyHeader }) => [connection(verifyHeader)] },
  { name: 'Connection names both', needsVerdict: true, hasConnection: true, lines: ({ header, verifyHeader }) => [connection(header, verifyHeader)] },
  {
    name: 'Connection names what is sent',
    hasConnection: true,
    lines: (given) => [...both(given), connection(given.header, ...given.verifyHeader === null ? [] : [given.verifyHeader])]
  },
  { name: 'space before the colon', lines: (given) => both(given).map((line) => line.replace(':', ' :')) },
  { name: 'folded behind another header', lines: (given) => ['X-Probe-Folded: a', ...both(given).map((line) => ` ${line}`)] },
  { name: 'value folded', lines: (given) => both(given).map((line) => line.replace(': ', ':\r\n ')) },
  { name: 'bare line feed', lines: (given) => [['X-Probe-Line: a', ...both(given)].join('\n')] },
  { name: 'trailer', http2: true, lines: ({ header }) => [`Trailer: ${asWritten(header)}`], trailers: (given) => both(given) },
  { name: 'HTTP/1.0', version: '1.0', lines: (given) => both(given) },
  { name: 'absolute target', target: 'absolute', lines: (given) => both(given) }
]

/** `X-Ssl-Cert`: the usual spelling of what the operator wrote in whatever case. */
function titled (name: string): string {
  return name.replace(/[A-Za-z0-9]+/g, (word) => (word[0] as string).toUpperCase() + word.slice(1))
}
