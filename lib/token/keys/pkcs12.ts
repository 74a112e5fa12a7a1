import { createPrivateKey, createSecretKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { AlgorithmIdentifier, AuthenticatedSafe, CertBag, ContentInfo, PFX, PKCS8ShroudedKeyBag, PrivateKeyInfo, SafeBag, SecretBag } from 'pkijs'
import { OptionsError } from '../../errors.ts'

export type KeyStoreEntry =
  | { readonly kind: 'certificate', readonly alias: string, readonly certificate: X509Certificate }
  | { readonly kind: 'key', readonly alias: string, readonly privateKey: KeyObject, readonly certificate: X509Certificate | null }
  | { readonly kind: 'secret', readonly alias: string, readonly secretKey: KeyObject }

interface Reading { readonly pki: typeof import('pkijs'), readonly password: ArrayBuffer, readonly path: string }
type Octets = PKCS8ShroudedKeyBag['encryptedData']
interface Encrypted { readonly algorithm: AlgorithmIdentifier, readonly octets: Octets | undefined, readonly what: string }

const maxBytes = 1024 * 1024
const maxIterations = 5_000_000 // Seconds of work, and far more than is advised: above it stands a mistake, or somebody who would keep us from booting.
const toPkcs12 = '`keytool -importkeystore -srckeystore <old> -destkeystore <new> -deststoretype PKCS12`'
// RFC 7292 section 4.2 and appendix D, RFC 5652 sections 4 and 8, RFC 8018 appendix A, RFC 3565 section 4.1.
const [plainData, encryptedData] = ['1.2.840.113549.1.7.1', '1.2.840.113549.1.7.6']
const [pbes2, pbkdf2, aesCbc] = ['1.2.840.113549.1.5.13', '1.2.840.113549.1.5.12', /^2\.16\.840\.1\.101\.3\.4\.1\.(2|22|42)$/]
const bags = { key: '1.2.840.113549.1.12.10.1.1', shrouded: '1.2.840.113549.1.12.10.1.2', certificate: '1.2.840.113549.1.12.10.1.3', secret: '1.2.840.113549.1.12.10.1.5' }
// The last is Java's own: a certificate that has neither it nor a key is none of Java's entries, whatever its name; so are those of a chain.
const attributes = { friendlyName: '1.2.840.113549.1.9.20', localKeyId: '1.2.840.113549.1.9.21', trustedKeyUsage: '2.16.840.1.113894.746875.1.1' }
const macHashes = new Map([['1.3.14.3.2.26', 'SHA-1'], ['2.16.840.1.101.3.4.2.1', 'SHA-256'], ['2.16.840.1.101.3.4.2.2', 'SHA-384'], ['2.16.840.1.101.3.4.2.3', 'SHA-512']])

/**
 * The entries of a PKCS#12 key store (RFC 7292), those that Java's keytool lists. None is looked at before the MAC was verified.
 *
 * @throws OptionsError whose message begins with `${path}: `, whatever is wrong with the store
 */
export async function readKeyStore (bytes: Uint8Array, password: string, path: string): Promise<readonly KeyStoreEntry[]> {
  refuseWhatIsNotWhole(bytes, path)
  const reading = { pki: await import('pkijs'), password: new TextEncoder().encode(password).buffer, path }
  const pfx = await orRefuse(() => reading.pki.PFX.fromBER(bytes), `${path}: found DER that is no PKCS#12, or too much of it; allowed: a PKCS#12 key store with at most some 100 entries`)
  const safe = await orRefuse(() => authenticated(reading, pfx), `${path}: found a damaged PKCS#12 key store; allowed: one that is whole`)
  return await orRefuse(() => entriesOf(reading, safe), `${path}: found contents that cannot be read, although the MAC verifies; allowed: keys and certificates as keytool stores them, some 100 at most`)
}

/** The entry with the alias, or the only one there is. Case does not matter: keytool lower-cases aliases. */
export function pickEntry (entries: readonly KeyStoreEntry[], alias: string | undefined, path: string): KeyStoreEntry {
  const fitting = alias === undefined ? entries : entries.filter((entry) => entry.alias.toLowerCase() === alias.toLowerCase())
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only
  const wanted = alias === undefined ? 'and no alias that picks one' : `with the alias ${JSON.stringify(alias)}`
  throw new OptionsError(`${path}: found ${fitting.length || 'no'} entries ${wanted}; allowed: the alias of one of ${entries.map((entry) => JSON.stringify(entry.alias)).join(', ')}`)
}

// What pkijs throws tells an operator nothing; our own errors pass.
async function orRefuse<T> (read: () => T | Promise<T>, message: string): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw error instanceof OptionsError ? error : new OptionsError(message)
  }
}

// pkijs stops where the DER ends, whatever follows: the length is compared here.
function refuseWhatIsNotWhole (bytes: Uint8Array, path: string): void {
  if (bytes.length > maxBytes) throw new OptionsError(`${path}: found ${bytes.length} bytes; allowed: a key store of at most ${maxBytes} bytes`)
  const old = new Map([['feedfeed', 'JKS'], ['cececece', 'JCEKS']]).get(Buffer.from(bytes.subarray(0, 4)).toString('hex'))
  if (old !== undefined) throw new OptionsError(`${path}: found a key store in Java's old format ${old}; allowed: PKCS#12, which ${toPkcs12} makes of it`)
  const length = outerLength(bytes)
  if (length === undefined) throw new OptionsError(`${path}: found ${bytes.length === 0 ? 'nothing' : 'something that is not DER'}; allowed: a PKCS#12 key store`)
  if (length > bytes.length) throw new OptionsError(`${path}: found a key store cut off after ${bytes.length} of ${length} bytes; allowed: a whole one`)
  if (length < bytes.length) throw new OptionsError(`${path}: found ${bytes.length - length} bytes after the end of a key store; allowed: nothing but the key store`)
}

// What the outermost SEQUENCE takes by its own account (X.690 section 8.1.3).
function outerLength ([tag, first = 0, ...rest]: Uint8Array): number | undefined {
  if (tag !== 0x30 || first === 0x80 || first > 0x84) return undefined
  return first < 0x80 ? 2 + first : 2 + first - 0x80 + rest.slice(0, first - 0x80).reduce((length, byte) => length * 256 + byte, 0)
}

async function authenticated ({ pki, password, path }: Reading, { version, authSafe, macData }: PFX): Promise<AuthenticatedSafe> {
  // A signature instead of a MAC (RFC 7292 section 4) may be by any certificate: the store itself says by which.
  if (version !== 3 || authSafe.contentType !== plainData) throw new OptionsError(`${path}: found PKCS#12 of version ${version} around ${authSafe.contentType}; allowed: version 3 with a MAC by password`)
  if (macData === undefined) throw new OptionsError(`${path}: found a key store without a MAC, which anybody can alter unseen; allowed: one with a MAC`)
  const { mac: { digestAlgorithm, digest }, macSalt, iterations = 1 } = macData
  const hashAlgorithm = macHashes.get(digestAlgorithm.algorithmId)
  if (hashAlgorithm === undefined) throw new OptionsError(`${path}: found a MAC by ${digestAlgorithm.algorithmId}; allowed: HMAC (RFC 7292 appendix B) with ${[...macHashes.values()].join(', ')}`)
  refuseIterations(iterations, path)
  const content = authSafe.content.getValue()
  const stamp = { password, hashAlgorithm, salt: macSalt.getValue(), iterationCount: iterations, contentToVerify: content, signatureToVerify: digest.getValue() }
  if (!await pki.getCrypto(true).verifyDataStampedWithPassword(stamp)) throw new OptionsError(`${path}: the MAC of the key store does not verify: the password is wrong, or the store was altered`)
  return pki.AuthenticatedSafe.fromBER(content)
}

function refuseIterations (count: number, path: string): void {
  if (count < 1 || count > maxIterations) throw new OptionsError(`${path}: found ${count > maxIterations ? count : 'no usable number of'} iterations; allowed: 1 to ${maxIterations}`)
}

async function entriesOf (reading: Reading, { safeContents }: AuthenticatedSafe): Promise<KeyStoreEntry[]> {
  const found = (await Promise.all(safeContents.map((content) => bagsIn(reading, content)))).flat()
  const isEntry = (bag: SafeBag): boolean => bag.bagId === bags.certificate ? attribute(bag, 'trustedKeyUsage') !== undefined : Object.values(bags).includes(bag.bagId)
  const others = found.filter((bag) => bag.bagId === bags.certificate && !isEntry(bag))
  const entries: KeyStoreEntry[] = []
  let unnamed = 0 // Java, too, numbers the entries without a name.
  for (const bag of found.filter(isEntry)) entries.push(await entryOf(reading, bag, attribute(bag, 'friendlyName')?.value ?? `${++unnamed}`, others))
  if (entries.length > 0) return entries
  throw new OptionsError(`${reading.path}: found no entries, and ${others.length} certificates that neither go with a key nor are marked as trusted; allowed: keys, and certificates from \`keytool -importcert\``)
}

async function bagsIn (reading: Reading, { contentType, content }: ContentInfo): Promise<readonly SafeBag[]> {
  const { pki, path } = reading
  if (contentType === plainData) return pki.SafeContents.fromBER(content.getValue()).safeBags
  if (contentType !== encryptedData) throw new OptionsError(`${path}: found contents of type ${contentType}; allowed: plain, or encrypted by password`)
  const { contentEncryptionAlgorithm: algorithm, encryptedContent: octets } = new pki.EncryptedData({ schema: content }).encryptedContentInfo
  return pki.SafeContents.fromBER(await decrypted(reading, { algorithm, octets, what: 'contents' })).safeBags
}

async function decrypted ({ pki, password, path }: Reading, { algorithm, octets, what }: Encrypted): Promise<ArrayBuffer> {
  const refuse = (found: string): never => { throw new OptionsError(`${path}: found ${what} with ${found}; allowed: PBES2 with PBKDF2 and AES, with which ${toPkcs12} of a recent Java encrypts anew`) }
  if (algorithm.algorithmId.startsWith('1.2.840.113549.1.12.1.')) refuse(`legacy encryption (RFC 7292 appendix C, such as pbeWithSHA1And40BitRC2-CBC or 3DES: ${algorithm.algorithmId})`)
  if (algorithm.algorithmId !== pbes2) refuse(`encryption by ${algorithm.algorithmId}`)
  const { keyDerivationFunc, encryptionScheme } = new pki.PBES2Params({ schema: algorithm.algorithmParams })
  if (keyDerivationFunc.algorithmId !== pbkdf2 || !aesCbc.test(encryptionScheme.algorithmId)) refuse(`PBES2 by ${keyDerivationFunc.algorithmId} and ${encryptionScheme.algorithmId}`)
  refuseIterations(new pki.PBKDF2Params({ schema: keyDerivationFunc.algorithmParams }).iterationCount, path)
  const content = new pki.EncryptedContentInfo({ contentEncryptionAlgorithm: algorithm, ...(octets === undefined ? {} : { encryptedContent: octets }) })
  const message = `${path}: found ${what} that the password of the store does not open; allowed: one password for the store and its entries, as keytool has it`
  return await orRefuse(() => new pki.EncryptedData({ encryptedContentInfo: content }).decrypt({ password }), message)
}

async function entryOf (reading: Reading, bag: SafeBag, alias: string, others: readonly SafeBag[]): Promise<KeyStoreEntry> {
  const what = `the entry ${JSON.stringify(alias)}`
  const open = ({ encryptionAlgorithm, encryptedData }: PKCS8ShroudedKeyBag): Promise<ArrayBuffer> => decrypted(reading, { algorithm: encryptionAlgorithm, octets: encryptedData, what })
  if (bag.bagId === bags.certificate) return { kind: 'certificate', alias, certificate: certificateIn(bag) }
  if (bag.bagId === bags.secret) {
    // Java's own way: an encrypted PKCS#8 structure around the octets of the key.
    const inner = await open(reading.pki.PKCS8ShroudedKeyBag.fromBER(octetsOf((bag.bagValue as SecretBag).secretValue)))
    return { kind: 'secret', alias, secretKey: createSecretKey(octetsOf(reading.pki.PrivateKeyInfo.fromBER(inner).privateKey)) }
  }
  const der = bag.bagId === bags.key ? (bag.bagValue as PrivateKeyInfo).toSchema().toBER() : await open(bag.bagValue as PKCS8ShroudedKeyBag)
  const privateKey = await orRefuse(() => createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }), `${reading.path}: found ${what} with a key that Node.js cannot read; allowed: RSA, EC, Ed25519`)
  return { kind: 'key', alias, privateKey, certificate: leafOf(privateKey, attribute(bag, 'localKeyId')?.hex, others) }
}

// A key without an ID, as some tools write it, has the certificate that fits; with one, it is not enough that a certificate claims the ID.
function leafOf (key: KeyObject, keyId: string | undefined, others: readonly SafeBag[]): X509Certificate | null {
  const claimed = others.filter((bag) => keyId === undefined || attribute(bag, 'localKeyId')?.hex === keyId).map(certificateIn)
  return claimed.find((certificate) => certificate.checkPrivateKey(key)) ?? null
}

const octetsOf = (value: unknown): Buffer => Buffer.from((value as Octets).getValue())
const certificateIn = ({ bagValue }: SafeBag): X509Certificate => new X509Certificate(octetsOf((bagValue as CertBag).certValue))

function attribute ({ bagAttributes }: SafeBag, name: keyof typeof attributes): { readonly value: string, readonly hex: string } | undefined {
  const block = bagAttributes?.find(({ type }) => type === attributes[name])?.values[0]?.valueBlock
  return block && { value: String(block.value), hex: Buffer.from(block.valueHexView ?? []).toString('hex') }
}
