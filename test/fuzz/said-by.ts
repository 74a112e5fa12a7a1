// What a value says, read a second time and another way: sign by sign, with no decoder of Node's and no regular expression. It is slow, and
// it is the judge of everything that was taken.

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const blank = new Set([' ', '\t', '\r', '\n'])

function tableOf (alphabet: string): Int16Array {
  const table = new Int16Array(65_536).fill(-1)
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i
  return table
}

const [sextets, upperHex, lowerHex] = [tableOf(standard), tableOf('0123456789ABCDEF'), tableOf('0123456789abcdef')]

/** Padded, canonical: RFC 4648 section 4. Null for anything else, as with all of these. */
function base64 (text: string): Buffer | null {
  if (text.length === 0 || text.length % 4 !== 0) return null
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = Buffer.alloc(text.length / 4 * 3 - padding)
  let [bits, held, written] = [0, 0, 0]
  for (let i = 0; i < text.length - padding; i++) {
    const sextet = sextets[text.charCodeAt(i)] as number
    if (sextet < 0) return null
    held = held << 6 | sextet
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[written++] = held >> bits
    held &= (1 << bits) - 1
  }
  return held === 0 ? bytes : null
}

function hex (text: string, digits: Int16Array): Buffer | null {
  if (text.length === 0 || text.length % 2 !== 0) return null
  const bytes = Buffer.alloc(text.length / 2)
  for (let i = 0; i < text.length; i++) {
    const digit = digits[text.charCodeAt(i)] as number
    if (digit < 0) return null
    bytes[i >> 1] = (bytes[i >> 1] as number) << 4 | digit
  }
  return bytes
}

function pem (text: string): Buffer | null {
  const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----']
  let length = text.length
  while (length > 0 && blank.has(text[length - 1] as string)) length--
  const inner = text.slice(begin.length, length - end.length)
  if (begin + inner + end !== text.slice(0, length)) return null
  let body = ''
  let from = 0
  for (let i = 0; i <= inner.length; i++) {
    if (i < inner.length && !blank.has(inner[i] as string)) continue
    body += inner.slice(from, i)
    from = i + 1
  }
  return base64(body)
}

/** Octets as the signs of latin1. */
function unescaped (text: string): string | null {
  const octets = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== 0x25) {
      if (sextets[code] as number < 0 && !'-._~='.includes(text[i] as string)) return null
      octets[length++] = code
      continue
    }
    const octet = hex(text.slice(i + 1, i + 3).toLowerCase(), lowerHex)?.[0]
    if (octet === undefined) return null
    octets[length++] = octet
    i += 2
  }
  return octets.toString('latin1', 0, length)
}

function urlPem (text: string): Buffer | null {
  const plain = unescaped(text)
  return plain === null ? null : pem(plain)
}

function base64List (text: string): Buffer | null {
  const all = text.split(',').map(base64)
  return all.length > 10 || all.includes(null) ? null : all[0] as Buffer
}

const exactly32 = (bytes: Buffer | null): Buffer | null => bytes?.length === 32 ? bytes : null

const base64url = (text: string): Buffer | null =>
  text.includes('+') || text.includes('/') ? null : base64(text.replaceAll('-', '+').replaceAll('_', '/') + '=')

/** The value of a key that is there once, in the one element that there is; outside of quotes. */
function xfccValue (text: string, wanted: string): string | null {
  const found: string[] = []
  let [key, value, isKey, isQuoted] = ['', '', true, false]
  for (let i = 0; i <= text.length; i++) {
    const sign = text[i]
    if (!isQuoted && (sign === ';' || sign === undefined)) {
      if (key.toLowerCase() === wanted) found.push(value)
      ;[key, value, isKey] = ['', '', true]
    } else if (sign === undefined || (sign === ',' && !isQuoted)) return null
    else if (isKey && sign === '=') isKey = false
    else if (isKey) key += sign
    else if (sign === '"') isQuoted = !isQuoted
    else value += sign === '\\' && isQuoted ? text[++i] ?? '' : sign
  }
  return found.length === 1 ? found[0] as string : null
}

/** A certificate, or where there is none the thumbprint. */
function xfcc (text: string): Buffer | null {
  const certificate = xfccValue(text, 'cert')
  return certificate === null ? saidBy['sha256-hex'](xfccValue(text, 'hash') ?? '') : urlPem(certificate)
}

/** By format. Of a thumbprint format the digest. */
export const saidBy = {
  pem,
  'url-pem': urlPem,
  'base64-der': base64,
  'base64-der-list': base64List,
  'base64-pem': (text: string): Buffer | null => pem(base64(text)?.toString('latin1') ?? ''),
  'hex-der': (text: string): Buffer | null => hex(text, upperHex),
  rfc9440: (text: string): Buffer | null => text.length > 2 && text.startsWith(':') && text.endsWith(':') ? base64(text.slice(1, -1)) : null,
  'x5t#S256': (text: string): Buffer | null => exactly32(base64url(text)),
  'sha256-hex': (text: string): Buffer | null => exactly32(hex(text, lowerHex) ?? hex(text, upperHex)),
  'sha256-base64': (text: string): Buffer | null => exactly32(base64(text.length === 43 ? `${text}=` : text)),
  xfcc
} as const satisfies Record<string, (text: string) => Buffer | null>

/** All or none. */
function each (texts: readonly string[], read: (text: string) => Buffer | null): Buffer[] | null {
  const all = texts.map(read)
  return all.length > 10 || all.includes(null) ? null : all as Buffer[]
}

function pemBlocks (text: string): Buffer[] | null {
  const mark = '-----END CERTIFICATE-----'
  const blocks: string[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf(mark) + mark.length
    if (end < mark.length) return null
    blocks.push(rest.slice(0, end))
    rest = rest.slice(end)
    while (blank.has(rest[0] as string)) rest = rest.slice(1)
  }
  return each(blocks, pem)
}

/** One value in DER after the other, by their lengths. */
function sequences (bytes: Buffer): Buffer[] | null {
  const found: Buffer[] = []
  let rest = bytes
  while (rest.length > 0) {
    const first = rest[1] ?? 0x80
    const octets = first < 0x80 ? 0 : first & 0x7f
    if (rest[0] !== 0x30 || first === 0x80 || octets > 3 || rest.length < 2 + octets) return null
    let length = octets === 0 ? first : 0
    for (let i = 0; i < octets; i++) length = length * 256 + (rest[2 + i] as number)
    const end = 2 + octets + length
    if (end > rest.length) return null
    found.push(rest.subarray(0, end))
    rest = rest.subarray(end)
  }
  return found.length > 10 ? null : found
}

function trimmed (text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && ' \t'.includes(text[from] as string)) from++
  while (to > from && ' \t'.includes(text[to - 1] as string)) to--
  return text.slice(from, to)
}

const ofPem = (text: string | null): Buffer[] | null => text === null ? null : pemBlocks(text)

/** By format of a chain. */
export const chainSaidBy = {
  pem: pemBlocks,
  'url-pem': (text: string): Buffer[] | null => text === '' ? null : ofPem(unescaped(text)),
  'base64-pem': (text: string): Buffer[] | null => ofPem(base64(text)?.toString('latin1') ?? null),
  'base64-der': (text: string): Buffer[] | null => {
    const bytes = base64(text)
    return bytes === null ? null : sequences(bytes)
  },
  'base64-der-list': (text: string): Buffer[] | null => each(text.split(','), base64),
  rfc9440: (text: string): Buffer[] | null => each(text.split(',').map(trimmed), saidBy.rfc9440)
} as const satisfies Record<string, (text: string) => Buffer[] | null>
