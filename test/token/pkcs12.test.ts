import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as pkijs from 'pkijs'
import { pickEntry, readKeyStore } from '../../lib/token/keys/pkcs12.ts'
import type { KeyStoreEntry } from '../../lib/token/keys/pkcs12.ts'

const folder = 'fixtures/keystores'
const fixturePassword = 'fixture-password'
const remedy = 'keytool -importkeystore -srckeystore <old> -destkeystore <new> -deststoretype PKCS12'
const stored = (name: string): Buffer => readFileSync(`${folder}/${name}`)
const read = (name: string, password = fixturePassword): Promise<readonly KeyStoreEntry[]> => readKeyStore(stored(name), password, 'a.keyStore')

async function readOne (name: string, password?: string): Promise<KeyStoreEntry> {
  const entries = await read(name, password)
  assert.equal(entries.length, 1)
  return entries[0] as KeyStoreEntry
}

function isExported (entry: KeyStoreEntry | undefined, alias: string, name: string): void {
  assert.ok(entry?.kind === 'key')
  assert.equal(entry.alias, alias)
  assert.ok(entry.privateKey.equals(createPrivateKey(stored(`${name}.key.pem`))))
  assert.deepEqual(entry.certificate?.raw, new X509Certificate(stored(`${name}.cert.pem`)).raw)
}

function isTrustedEc (entry: KeyStoreEntry | undefined): void {
  assert.ok(entry?.kind === 'certificate')
  assert.equal(entry.alias, 'trusted')
  assert.deepEqual(entry.certificate.raw, new X509Certificate(stored('ec.cert.pem')).raw)
}

function isAes (entry: KeyStoreEntry | undefined): void {
  assert.ok(entry?.kind === 'secret')
  assert.equal(entry.alias, 'aes')
  assert.equal(entry.secretKey.export().toString('hex'), stored('aes.hex').toString().trim())
}

function refusal (error: unknown, password: string): string {
  const { code, message, stack } = error as Error & { code?: string }
  assert.equal(code, 'FST_BOUND_TOKEN_OPTIONS', stack)
  assert.match(message, /^a\.keyStore: [^\n\r]+$/)
  if (password !== '') assert.equal(`${message} ${stack} ${JSON.stringify(error)}`.includes(password), false, message)
  return message
}

async function stops (bytes: Uint8Array, message: RegExp, password = fixturePassword): Promise<void> {
  await assert.rejects(readKeyStore(bytes, password, 'a.keyStore'), (error) => {
    assert.match(refusal(error, password), message)
    return true
  })
}

for (const [name, type] of [['rsa', 'rsa'], ['ec', 'ec'], ['ed25519', 'ed25519']] as const) {
  test(`keytool: a key pair, ${name}`, async () => {
    const entry = await readOne(`${name}.p12`)
    isExported(entry, name, name)
    assert.equal((entry as { privateKey: KeyObject }).privateKey.asymmetricKeyType, type)
  })

  test(`OpenSSL: a key pair in the plain, ${name}`, async () => isExported(await readOne(`openssl-plain-${name}.p12`), name, name))
}

test('keytool: a trusted certificate and nothing else', async () => isTrustedEc(await readOne('trusted.p12')))

test('keytool: a secret key', async () => isAes(await readOne('aes.p12')))

test('keytool: several entries of all kinds', async () => {
  const entries = await read('several.p12')
  assert.equal(entries.length, 5)
  for (const name of ['rsa', 'ec', 'ed25519']) isExported(pickEntry(entries, name, 'a.keyStore'), name, name)
  isTrustedEc(pickEntry(entries, 'trusted', 'a.keyStore'))
  isAes(pickEntry(entries, 'aes', 'a.keyStore'))
})

test('keytool: of a chain only the certificate of the key is an entry\'s', async () => {
  const certificates = await bagsOf('chain.p12', 1)
  assert.deepEqual(certificates.map(({ bagAttributes }) => bagAttributes?.some(({ type }) => type === '1.2.840.113549.1.9.20')), [true, true], 'keytool names the CA, too')
  isExported(await readOne('chain.p12'), 'leaf', 'leaf')
})

test('keytool: plain certificates beside an encrypted key', async () => isExported(await readOne('plain-certificates.p12'), 'ec', 'plain-certificates'))

test('OpenSSL: with a name, without one, with other passwords', async () => {
  isExported(await readOne('openssl.p12'), 'Ec Key', 'ec')
  isExported(await readOne('openssl-no-name.p12'), '1', 'ec')
  isExported(await readOne('openssl-empty-password.p12', ''), 'ec', 'ec')
  isExported(await readOne('openssl-umlaut-password.p12', 'pässwörd€'), 'ec', 'ec')
})

test('OpenSSL: a key without a certificate', async () => {
  const entry = await readOne('openssl-key-only.p12')
  assert.ok(entry.kind === 'key')
  assert.ok(entry.privateKey.equals(createPrivateKey(stored('ec.key.pem'))))
  assert.equal(entry.certificate, null)
})

test('a view into a larger buffer is read where it lies', async () => {
  const bytes = Buffer.concat([Buffer.alloc(7), stored('ec.p12'), Buffer.alloc(7)]).subarray(7, -7)
  isExported((await readKeyStore(bytes, fixturePassword, 'a.keyStore'))[0], 'ec', 'ec')
})

test('an entry is picked by its alias, in any case, or as the only one', async () => {
  const several = await read('several.p12')
  const [openssl] = await read('openssl.p12')
  assert.equal(pickEntry(several, 'ED25519', 'a.keyStore').alias, 'ed25519')
  assert.equal(pickEntry([openssl as KeyStoreEntry], 'ec key', 'a.keyStore'), openssl)
  assert.equal(pickEntry([openssl as KeyStoreEntry], undefined, 'a.keyStore'), openssl)
})

test('an alias that is not there, or picks none or several, is refused with those that are', async () => {
  const several = await read('several.p12')
  const picks = (entries: readonly KeyStoreEntry[], alias?: string): string => {
    try {
      return pickEntry(entries, alias, 'a.keyStore').alias
    } catch (error) {
      return refusal(error, fixturePassword)
    }
  }
  const list = several.map(({ alias }) => `"${alias}"`).join(', ')
  assert.match(list, /"aes"/)
  assert.equal(picks(several, 'rs'), `a.keyStore: found no entries with the alias "rs"; allowed: the alias of one of ${list}`)
  assert.equal(picks(several), `a.keyStore: found 5 entries and no alias that picks one; allowed: the alias of one of ${list}`)
  assert.equal(picks([...several, ...several], 'rsa'), `a.keyStore: found 2 entries with the alias "rsa"; allowed: the alias of one of ${list}, ${list}`)
  assert.equal(picks([{ ...several[0] as KeyStoreEntry, alias: 'a\nb' }], 'x'), 'a.keyStore: found no entries with the alias "x"; allowed: the alias of one of "a\\nb"')
})

for (const password of ['fixture-passwor', 'Fixture-password', 'fixture-password ', '', 'pässwörd€']) {
  test(`a wrong password, ${JSON.stringify(password)}`, async () => {
    for (const name of ['rsa.p12', 'several.p12', 'openssl.p12', 'legacy.p12']) await stops(stored(name), /: the MAC of the key store does not verify: the password is wrong, or the store was altered$/, password)
  })
}

test('an entry whose password is not the store\'s', async () => {
  const differs = (alias: string): RegExp => new RegExp(`found the entry "${alias}" that the password of the store does not open; allowed: one password for the store and its entries`)
  await stops(stored('other-entry-password.p12'), differs('ec'))
  await stops(stored('other-secret-password.p12'), differs('aes'))
  await stops(stored('other-entry-password.p12'), /the MAC .* does not verify/, 'another-password')
})

test('Java\'s old formats, with the remedy', async () => {
  await stops(stored('store.jks'), new RegExp(`found a key store in Java's old format JKS; allowed: PKCS#12, which \`${remedy}\` makes of it$`))
  await stops(stored('store.jceks'), new RegExp(`found a key store in Java's old format JCEKS; allowed: PKCS#12, which \`${remedy}\` makes of it$`))
})

test('old encryption, with the remedy', async () => {
  await stops(stored('legacy.p12'), new RegExp(`found contents with legacy encryption .*pbeWithSHA1And40BitRC2-CBC or 3DES: 1\\.2\\.840\\.113549\\.1\\.12\\.1\\.6\\); allowed: PBES2 .*\`${remedy}\``))
  await stops(stored('openssl-3des.p12'), new RegExp(`found contents with PBES2 by 1\\.2\\.840\\.113549\\.1\\.5\\.12 and 1\\.2\\.840\\.113549\\.3\\.7; allowed: PBES2 with PBKDF2 and AES.*\`${remedy}\``))
})

test('a store without a MAC', async () => stops(stored('openssl-no-mac.p12'), /found a key store without a MAC, .*; allowed: one with a MAC$/))

test('a store with nothing that Java would list', async () => {
  await stops(stored('openssl-certificate-only.p12'), /found no entries, and 1 certificates that neither go with a key nor are marked as trusted; allowed: keys, and certificates from `keytool -importcert`$/)
})

test('something else than one whole key store', async () => {
  const bytes = stored('ec.p12')
  await stops(Buffer.alloc(0), /found nothing; allowed: a PKCS#12 key store$/)
  await stops(stored('ec.key.pem'), /found something that is not DER; allowed: a PKCS#12 key store$/)
  await stops(Buffer.from('3080', 'hex'), /found something that is not DER/)
  await stops(Buffer.from('3000', 'hex'), /found DER that is no PKCS#12/)
  await stops(createPrivateKey(stored('ec.key.pem')).export({ format: 'der', type: 'pkcs8' }), /found DER that is no PKCS#12/)
  await stops(new X509Certificate(stored('ec.cert.pem')).raw, /found DER that is no PKCS#12/)
  await stops(Buffer.concat([bytes, Buffer.from('\n')]), /found 1 bytes after the end of a key store; allowed: nothing but the key store$/)
  await stops(Buffer.concat([bytes, bytes]), new RegExp(`found ${bytes.length} bytes after the end of a key store`))
})

test('a store of more than 1 MiB is not even looked at', async () => {
  await stops(Buffer.alloc(1024 * 1024 + 1), /found 1048577 bytes; allowed: a key store of at most 1048576 bytes$/)
  await stops(Buffer.alloc(1024 * 1024), /found something that is not DER/)
})

test('cut off anywhere', async () => {
  const bytes = stored('few-iterations.p12')
  for (let length = 2; length < bytes.length; length++) {
    // The length itself takes four bytes.
    await stops(bytes.subarray(0, length), new RegExp(`: found a key store cut off after ${length} of ${length < 4 ? '\\d+' : bytes.length} bytes; allowed: a whole one$`))
  }
})

/** The store with its parts changed, and with no MAC made for it. */
function altered (name: string, alter: (pfx: pkijs.PFX) => void): Buffer {
  const pfx = pkijs.PFX.fromBER(stored(name))
  alter(pfx)
  return Buffer.from(pfx.toSchema().toBER())
}

/** The store with other contents, under a MAC that is right. */
async function stamped (name: string, change: (content: Uint8Array) => Uint8Array): Promise<Buffer> {
  const pfx = pkijs.PFX.fromBER(stored(name))
  const { authSafe, macData } = pfx
  assert.ok(macData)
  const content = new Uint8Array(change(new Uint8Array(authSafe.content.getValue())))
  const digest = await pkijs.getCrypto(true).stampDataWithPassword({
    password: new TextEncoder().encode(fixturePassword).buffer,
    hashAlgorithm: 'SHA-256',
    salt: macData.macSalt.getValue(),
    iterationCount: macData.iterations as number,
    contentToStamp: content.buffer
  })
  authSafe.content.valueBlock.valueHexView = content
  macData.mac.digest.valueBlock.valueHexView = new Uint8Array(digest)
  return Buffer.from(pfx.toSchema().toBER())
}

/** The bags of one of the contents. */
async function bagsOf (name: string, index: number): Promise<pkijs.SafeBag[]> {
  const safe = pkijs.AuthenticatedSafe.fromBER(pkijs.PFX.fromBER(stored(name)).authSafe.content.getValue())
  const password = new TextEncoder().encode(fixturePassword).buffer
  await safe.parseInternalValues({ safeContents: safe.safeContents.map(() => ({ password })) })
  return safe.parsedValue.safeContents[index].value.safeBags
}

/** A store with these bags, all of them plain. */
function ofBags (bags: pkijs.SafeBag[]): Promise<Buffer> {
  return stamped('openssl-plain-ec.p12', (content) => {
    const safe = pkijs.AuthenticatedSafe.fromBER(content)
    safe.safeContents.length = 1
    const [plain] = safe.safeContents as [pkijs.ContentInfo]
    plain.content.valueBlock.valueHexView = new Uint8Array(new pkijs.SafeContents({ safeBags: bags }).toSchema().toBER())
    return new Uint8Array(safe.toSchema().toBER())
  })
}

test('the MAC that the tests make is right', async () => {
  const bytes = await stamped('few-iterations.p12', (content) => content)
  assert.deepEqual(bytes, stored('few-iterations.p12'))
})

test('iterations that would take forever, and those that are none', async () => {
  const count = (iterations: number): Buffer => altered('ec.p12', ({ macData }) => { (macData as pkijs.MacData).iterations = iterations })
  await stops(count(5_000_001), /found 5000001 iterations; allowed: 1 to 5000000$/)
  for (const iterations of [0, -1, 2 ** 31 - 1, 2 ** 40]) await stops(count(iterations), /found no usable number of iterations; allowed: 1 to 5000000$/)
  await stops(count(1), /the MAC of the key store does not verify/)
  await stops(stored('openssl-many-iterations.p12'), /found 5000001 iterations; allowed: 1 to 5000000$/)
})

test('integrity by other means than a MAC by password', async () => {
  const signedData = '1.2.840.113549.1.7.2'
  await stops(altered('ec.p12', ({ authSafe }) => { authSafe.contentType = signedData }), /found PKCS#12 of version 3 around 1\.2\.840\.113549\.1\.7\.2; allowed: version 3 with a MAC by password$/)
  await stops(altered('ec.p12', (pfx) => { pfx.version = 4 }), /found PKCS#12 of version 4 /)
  const pbmac1 = '1.2.840.113549.1.5.14'
  const byPbmac1 = altered('ec.p12', ({ macData }) => { (macData as pkijs.MacData).mac.digestAlgorithm.algorithmId = pbmac1 })
  await stops(byPbmac1, /found a MAC by 1\.2\.840\.113549\.1\.5\.14; allowed: HMAC .* with SHA-1, SHA-256, SHA-384, SHA-512$/)
})

test('contents that are encrypted for a certificate', async () => {
  const bytes = await stamped('openssl-plain-ec.p12', (content) => {
    const safe = pkijs.AuthenticatedSafe.fromBER(content)
    for (const part of safe.safeContents) part.contentType = '1.2.840.113549.1.7.3'
    return new Uint8Array(safe.toSchema().toBER())
  })
  await stops(bytes, /found contents of type 1\.2\.840\.113549\.1\.7\.3; allowed: plain, or encrypted by password$/)
})

test('a key derivation other than PBKDF2', async () => {
  const oid = Buffer.from('06092a864886f70d01050c', 'hex')
  const bytes = await stamped('aes.p12', (content) => {
    const other = Buffer.from(content)
    const at = other.indexOf(oid)
    assert.ok(at > 0)
    other[at + oid.length - 1] = 0x0e
    return other
  })
  await stops(bytes, /found the entry "aes" with PBES2 by 1\.2\.840\.113549\.1\.5\.14 and 2\.16\.840\.1\.101\.3\.4\.1\.42; allowed: PBES2 with PBKDF2 and AES/)
})

test('which certificate is a key\'s', async () => {
  const [rsa] = await bagsOf('openssl-plain-rsa.p12', 0) as [pkijs.SafeBag]
  const [ec] = await bagsOf('openssl-plain-ec.p12', 0) as [pkijs.SafeBag]
  const [key] = await bagsOf('openssl-plain-ec.p12', 1) as [pkijs.SafeBag]
  const bare = ({ bagId, bagValue }: pkijs.SafeBag): pkijs.SafeBag => new pkijs.SafeBag({ bagId, bagValue })
  const bagAttributes = ec.bagAttributes as pkijs.Attribute[]
  const claiming = ({ bagId, bagValue }: pkijs.SafeBag): pkijs.SafeBag => new pkijs.SafeBag({ bagId, bagValue, bagAttributes })
  const certificateOf = async (...bags: pkijs.SafeBag[]): Promise<string | undefined> => {
    const entries = await readKeyStore(await ofBags(bags), fixturePassword, 'a.keyStore')
    assert.equal(entries.length, 1)
    return (entries[0] as { certificate: X509Certificate | null }).certificate?.subject
  }
  assert.equal(await certificateOf(rsa, ec, key), 'CN=ec')
  assert.equal(await certificateOf(claiming(rsa), ec, key), 'CN=ec')
  assert.equal(await certificateOf(claiming(rsa), key), undefined)
  assert.equal(await certificateOf(bare(ec), key), undefined)
  assert.equal(await certificateOf(bare(rsa), bare(ec), bare(key)), 'CN=ec')
  assert.equal(await certificateOf(bare(rsa), bare(key)), undefined)
})

test('entries without a name are numbered, as Java does', async () => {
  const [key] = await bagsOf('openssl-plain-ec.p12', 1) as [pkijs.SafeBag]
  const bare = new pkijs.SafeBag({ bagId: key.bagId, bagValue: key.bagValue })
  const entries = await readKeyStore(await ofBags([bare, key, bare]), fixturePassword, 'a.keyStore')
  assert.deepEqual(entries.map(({ alias }) => alias), ['1', 'ec', '2'])
})

test('a store of more entries than pkijs parses is refused, and says so', async () => {
  const [trusted] = await bagsOf('trusted.p12', 0) as [pkijs.SafeBag]
  const entries = await readKeyStore(await ofBags(Array(100).fill(trusted)), fixturePassword, 'a.keyStore')
  assert.equal(entries.length, 100)
  isTrustedEc(entries[99])
  await stops(await ofBags(Array(300).fill(trusted)), /found DER that is no PKCS#12, or too much of it; allowed: a PKCS#12 key store with at most some 100 entries$/)
})

/** A sequence of numbers below 2^32 that is the same in every run (mulberry32). */
function numbers (seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    const mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    return ((mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61))) ^ (mixed >>> 14)) >>> 0
  }
}

function corrupted (bytes: Uint8Array, position: number, next: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[position] = (copy[position] as number) ^ (1 + next() % 255)
  return copy
}

const shown = (entries: readonly KeyStoreEntry[]): unknown[] => entries.map((entry) => ({
  kind: entry.kind,
  alias: entry.alias,
  certificate: 'certificate' in entry ? entry.certificate?.raw.toString('hex') : null,
  key: 'privateKey' in entry ? entry.privateKey.export({ format: 'pem', type: 'pkcs8' }) : 'secretKey' in entry ? entry.secretKey.export().toString('hex') : null
}))

test('any byte altered: refused, or the very same entries', { timeout: 60_000 }, async () => {
  const bytes = stored('few-iterations.p12')
  const original = shown(await read('few-iterations.p12'))
  const next = numbers(1)
  let refused = 0
  for (let position = 0; position < bytes.length; position++) {
    await readKeyStore(corrupted(bytes, position, next), fixturePassword, 'a.keyStore')
      .then((entries) => assert.deepEqual(shown(entries), original), (error: unknown) => { refused += 1; refusal(error, fixturePassword) })
  }
  assert.ok(refused > bytes.length * 0.98 && refused < bytes.length, `${refused} of ${bytes.length} refused`)
})

test('any byte altered under a MAC that is right: refused by an error of ours, or read', { timeout: 60_000 }, async () => {
  for (const name of ['few-iterations.p12', 'openssl-plain-ec.p12']) {
    const next = numbers(2)
    const { byteLength } = pkijs.PFX.fromBER(stored(name)).authSafe.content.getValue()
    const outcomes = { read: 0, refused: 0 }
    for (let position = 0; position < byteLength; position++) {
      const bytes = await stamped(name, (content) => corrupted(content, position, next))
      await readKeyStore(bytes, fixturePassword, 'a.keyStore')
        .then((entries) => { outcomes.read += 1; shown(entries) }, (error: unknown) => {
          outcomes.refused += 1
          assert.doesNotMatch(refusal(error, fixturePassword), /the MAC of the key store does not/)
        })
    }
    assert.ok(outcomes.read > 100 && outcomes.refused > 100, JSON.stringify(outcomes))
  }
})

test('pkijs is loaded only to read a key store', () => {
  const source = readFileSync('lib/token/keys/pkcs12.ts', 'utf8')
  assert.match(source, /await import\('pkijs'\)/)
  assert.doesNotMatch(source, /^(import|export) (?!type )[^\n]*'pkijs'/m)
})

test('make.sh makes each key store, and nothing that is not here', () => {
  const script = stored('make.sh').toString()
  const files = readdirSync(folder).filter((file) => /\.(p12|jks|jceks|hex)$/.test(file))
  assert.ok(files.length > 20)
  const made = [...script.matchAll(/(?<![\w/$.-])[a-z][\w-]*\.(?:p12|jks|jceks|hex)\b/g)].map(([file]) => file)
  assert.deepEqual([...new Set(made)].sort(), files.sort())
})
