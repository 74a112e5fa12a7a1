import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { certificationPaths } from '../../lib/certification-path/index.ts'
import {
  algorithms, alternativeNames, authority, basicConstraints, certificate, certificatePolicies, directory, dns, ecKeys, extendedKeyUsage, extension, inhibitAnyPolicy,
  ip, keyIdentifier, keyUsage, mail, name, nameConstraints, now, nul, octets, oid, other, outcome, policyConstraints, policyMappings, purposes, rsaKeys, seq, tlv, uri,
  utcTime, type CertificateOptions, type Issued
} from './pki.ts'

const directoryOfRun = mkdtempSync(join(tmpdir(), 'paths-'))
after(() => rmSync(directoryOfRun, { recursive: true }))

const oldRsa = rsaKeys(1024)
const expired = { notAfter: utcTime('260301000000') }

/** What can be different about an intermediate. */
const issuerChanges: Readonly<Record<string, Partial<CertificateOptions> & { readonly instead?: readonly Buffer[] }>> = {
  expired,
  'not yet valid': { notBefore: utcTime('260901000000') },
  'no basicConstraints': { instead: [keyUsage(5)] },
  'cA false': { instead: [basicConstraints(false), keyUsage(5)] },
  'basicConstraints not critical': { instead: [basicConstraints(true, undefined, false), keyUsage(5)] },
  'path length 0': { instead: [basicConstraints(true, 0), keyUsage(5)] },
  'path length 1': { instead: [basicConstraints(true, 1), keyUsage(5)] },
  'no keyCertSign': { instead: [basicConstraints(true), keyUsage(0, 6)] },
  'no keyUsage': { instead: [basicConstraints(true)] },
  'for mail': { extensions: [extendedKeyUsage(purposes.emailProtection)] },
  'for servers and clients': { extensions: [extendedKeyUsage(purposes.serverAuth, purposes.clientAuth)] },
  'for any purpose': { extensions: [extendedKeyUsage(purposes.any)] },
  'critical and unknown': { extensions: [extension('1.2.3.4', nul, true)] },
  'unknown, not critical': { extensions: [extension('1.2.3.4', nul)] },
  'version 1': { version: 0, instead: [] },
  'permits hosts': { extensions: [nameConstraints([dns('example.com')])] },
  'permits hosts below': { extensions: [nameConstraints([dns('a.example.com')])] },
  'excludes hosts': { extensions: [nameConstraints([], [dns('b.example.com')])] },
  'permits mailboxes': { extensions: [nameConstraints([mail('example.com')])] },
  'permits mailboxes below': { extensions: [nameConstraints([mail('.example.com')])] },
  'excludes a mailbox': { extensions: [nameConstraints([], [mail('bob@example.com')])] },
  'permits addresses': { extensions: [nameConstraints([ip(192, 0, 2, 0, 255, 255, 255, 0)])] },
  'excludes addresses': { extensions: [nameConstraints([], [ip(192, 0, 0, 0, 255, 255, 0, 0)])] },
  'permits names': { extensions: [nameConstraints([directory('O=Bank')])] },
  'excludes names': { extensions: [nameConstraints([], [directory('O=Bank', 'CN=bob')])] },
  'permits URIs': { extensions: [nameConstraints([uri('.example.com')])] },
  'excludes URIs': { extensions: [nameConstraints([], [uri('a.example.com')])] },
  'excludes other names': { extensions: [nameConstraints([], [other()])] },
  'a policy': { extensions: [certificatePolicies(['1.2.3.1'])] },
  'two policies': { extensions: [certificatePolicies(['1.2.3.1', '1.2.3.2'], true)] },
  'any policy': { extensions: [certificatePolicies(['2.5.29.32.0'])] },
  'a policy, required': { extensions: [certificatePolicies(['1.2.3.1']), policyConstraints(0)] },
  'any policy, one is required': { extensions: [certificatePolicies(['2.5.29.32.0']), policyConstraints(0)] },
  'no policy, one is required later': { extensions: [policyConstraints(1)] },
  'a policy that is mapped': { extensions: [certificatePolicies(['1.2.3.1']), policyMappings(['1.2.3.1', '1.2.3.2']), policyConstraints(0)] },
  'any policy, mapped': { extensions: [certificatePolicies(['2.5.29.32.0']), policyMappings(['1.2.3.2', '1.2.3.1']), policyConstraints(0)] },
  'a policy, no mapping': { extensions: [certificatePolicies(['1.2.3.1', '1.2.3.2']), policyConstraints(0, 0)] },
  'any policy is inhibited': { extensions: [certificatePolicies(['1.2.3.1']), inhibitAnyPolicy(0), policyConstraints(0)] },
  'a key of its own name': {},
  'SHA-1': { algorithm: algorithms.ecdsaSha1 },
  'another algorithm inside': { innerAlgorithm: algorithms.ecdsaSha384.identifier }
}

/** What can be different about the client's certificate. */
const leafChanges: Readonly<Record<string, Partial<CertificateOptions> & { readonly instead?: readonly Buffer[] }>> = {
  expired,
  'not yet valid': { notBefore: utcTime('260901000000') },
  'for servers': { instead: [keyUsage(0), extendedKeyUsage(purposes.serverAuth)] },
  'for any purpose': { instead: [keyUsage(0), extendedKeyUsage(purposes.any)] },
  'no purposes': { instead: [keyUsage(0)] },
  keyEncipherment: { instead: [keyUsage(2)] },
  keyAgreement: { instead: [keyUsage(4)] },
  'an authority': { instead: [basicConstraints(true), keyUsage(0, 5)] },
  'keyCertSign, no authority': { instead: [keyUsage(0, 5)] },
  'critical and unknown': { extensions: [extension('1.2.3.4', nul, true)] },
  'an extension twice': { extensions: [extension('1.2.3.4', nul), extension('1.2.3.4', nul)] },
  'version 1': { version: 0, instead: [] },
  'RSA 1024': { keys: oldRsa },
  'SHA-1': { algorithm: algorithms.ecdsaSha1 },
  'a serial number of zero': { serial: 0 },
  'a negative serial number': { serial: Uint8Array.of(0xff) },
  'another algorithm inside': { innerAlgorithm: seq(oid('1.2.840.10045.4.3.2'), nul) },
  'an empty subject': { subject: seq() },
  'a policy': { extensions: [certificatePolicies(['1.2.3.1'])] },
  'another policy': { extensions: [certificatePolicies(['1.2.3.2'])] },
  'any policy': { extensions: [certificatePolicies(['2.5.29.32.0'])] },
  ...Object.fromEntries(Object.entries({
    'a host': [dns('example.com')],
    'a host below': [dns('a.example.com')],
    'two hosts': [dns('a.example.com'), dns('b.example.com')],
    'a wildcard': [dns('*.example.com')],
    'another host': [dns('badexample.com')],
    'a mailbox': [mail('alice@example.com')],
    'the excluded mailbox': [mail('bob@example.com')],
    'a mailbox below': [mail('bob@a.example.com')],
    'an address': [ip(192, 0, 2, 1)],
    'another address': [ip(192, 0, 3, 1)],
    'an address of six': [ip(...Array<number>(16).fill(1))],
    'a URI': [uri('https://a.example.com/x')],
    'another URI': [uri('https://user:a.example.com@b.example.org:80/a.example.com')],
    'another kind of name': [other()]
  }).map(([title, names]) => [title, { extensions: [alternativeNames(names)] }])),
  'bob of the bank': { subject: name('O=Bank', 'CN=bob') },
  'alice of the bank': { subject: name('O=BANK', 'CN=alice') },
  'a mailbox in the subject': { subject: name('CN=bob', 'E=bob@example.com') },
  'another mailbox in the subject': { subject: name('CN=bob', 'E=bob@example.org') }
}

const chainChanges = ['none', 'reversed', 'first is missing', 'an expired twin', 'a twin of a stranger', 'leaf signed by a stranger', 'issuer in other case', 'repeated'] as const

const issuers = fc.record({ changes: fc.uniqueArray(fc.constantFrom(...Object.keys(issuerChanges)), { maxLength: 1 }), isSelfIssued: fc.integer({ min: 0, max: 5 }).map((value) => value === 0) })
const shapes = fc.record({
  anchor: fc.constantFrom<readonly string[]>([], [], [], [], ['expired'], ['path length 0'], ['path length 1'], ['permits hosts'], ['critical and unknown'], ['for mail']),
  issuers: fc.array(issuers, { maxLength: 3 }),
  leaf: fc.uniqueArray(fc.constantFrom(...Object.keys(leafChanges)), { maxLength: 1 }),
  chain: fc.oneof({ weight: 3, arbitrary: fc.constant('none' as const) }, { weight: 2, arbitrary: fc.constantFrom(...chainChanges) })
})
type Shape = typeof shapes extends fc.Arbitrary<infer Value> ? Value : never

interface Built { readonly anchor: Issued, readonly chain: readonly Issued[], readonly leaf: Issued }

function changed (list: typeof issuerChanges, names: readonly string[], usual: readonly Buffer[]): CertificateOptions {
  const changes = names.map((key) => list[key] ?? {})
  const { instead, extensions, ...rest } = Object.assign({}, ...changes)
  return { ...rest, extensions: [...instead ?? usual, ...extensions ?? []] }
}

// OpenSSL needs them to tell self-issued certificates apart.
function withIdentifiers (options: CertificateOptions, issuer?: Issued): CertificateOptions {
  if (options.version === 0) return options
  const keys = options.keys ?? ecKeys()
  const authorityKey = issuer === undefined ? [] : [extension('2.5.29.35', seq(tlv(0x80, keyIdentifier(issuer))))]
  return { ...options, keys, extensions: [...options.extensions ?? [], extension('2.5.29.14', octets(keyIdentifier({ keys }))), ...authorityKey] }
}

function build (shape: Shape): Built {
  const usual = [basicConstraints(true), keyUsage(5, 6)]
  const anchor = certificate({ subject: name('CN=root'), ...withIdentifiers(changed(issuerChanges, shape.anchor, usual)) })
  const path = [anchor]
  for (const { changes, isSelfIssued } of shape.issuers) {
    const issuer = path.at(-1) as Issued
    path.push(certificate({ issuer, ...isSelfIssued && { subject: issuer.subject }, ...withIdentifiers(changed(issuerChanges, changes, usual), issuer) }))
  }
  const issuer = path.at(-1) as Issued
  const stranger = shape.chain === 'leaf signed by a stranger' ? { ...issuer, keys: ecKeys() } : issuer
  const upper = Buffer.from(issuer.subject.toString('latin1').replace('name', 'NAME').replace('root', 'ROOT'), 'latin1')
  const leaf = certificate({
    issuer: stranger,
    ...shape.chain === 'issuer in other case' && { issuerName: upper },
    ...withIdentifiers(changed(leafChanges, shape.leaf, [keyUsage(0), extendedKeyUsage(purposes.clientAuth)]), issuer)
  })
  const chain = path.slice(1).reverse()
  const [first] = chain
  const twin = first === undefined
    ? []
    : [{
        'an expired twin': authority({ issuer: path.at(-2) as Issued, subject: first.subject, keys: first.keys, ...expired }),
        'a twin of a stranger': authority({ issuer: authority(), subject: first.subject, keys: first.keys })
      }[shape.chain as string]].filter((one) => one !== undefined)
  const orders: Partial<Record<typeof shape.chain, readonly Issued[]>> = {
    reversed: path.slice(1), 'first is missing': chain.slice(1), repeated: [...chain, ...chain, anchor, leaf]
  }
  const given = orders[shape.chain] ?? [...twin, ...chain]
  return { anchor, chain: given, leaf }
}

const run = promisify(execFile)
const pem = (der: Buffer): string => `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`

async function askOpenSsl ({ anchor, chain, leaf }: Built, index: number): Promise<boolean> {
  const file = (suffix: string, list: readonly Issued[]): string => {
    const path = join(directoryOfRun, `${index}-${suffix}`)
    writeFileSync(path, list.map(({ der }) => pem(der)).join(''))
    return path
  }
  const untrusted = chain.length === 0 ? [] : ['-untrusted', file('chain', chain)]
  const options = ['-attime', String(now.getTime() / 1000), '-purpose', 'sslclient', '-policy_check', '-auth_level', '2', '-no-CApath', '-no-CAstore', '-CAfile', file('anchor', [anchor])]
  try {
    await run('openssl', ['verify', ...options, ...untrusted, file('leaf', [leaf])])
    return true
  } catch (error) {
    assert.equal(typeof (error as { code: unknown }).code, 'number', String(error))
    return false
  }
}

/** Why the two may differ: by what is in the shape. Each has to explain at least one difference. */
const explained: Readonly<Record<string, { readonly we: 'accept' | 'refuse', has (shape: Shape): boolean }>> = {
  'OpenSSL takes the first certificate of the right name and does not come back from a dead end': { we: 'accept', has: ({ chain }) => chain === 'a twin of a stranger' },
  'OpenSSL does not take anyExtendedKeyUsage in an issuer for clientAuth': { we: 'accept', has: (shape) => hasIssuer(shape, 'for any purpose') },
  'RFC 5280 section 4.1.2.6: an empty subject without a critical alternative name': { we: 'refuse', has: ({ leaf }) => leaf.includes('an empty subject') },
  'RFC 5280 section 4.1.2.2: serial numbers are positive': { we: 'refuse', has: ({ leaf }) => leaf.some((change) => change.includes('serial number')) },
  'RFC 5280 section 4.2: no extension twice': { we: 'refuse', has: ({ leaf }) => leaf.includes('an extension twice') },
  'RFC 5280 section 4.2.1.3: keyCertSign is for authorities': { we: 'refuse', has: ({ leaf }) => leaf.includes('keyCertSign, no authority') },
  'our choice: an authority is no client': { we: 'refuse', has: ({ leaf }) => leaf.includes('an authority') }
}

function hasIssuer (shape: Shape, ...changes: readonly string[]): boolean {
  return [shape.anchor, ...shape.issuers.map((one) => one.changes)].flat().some((change) => changes.includes(change))
}

test('287: a second opinion on generated paths: OpenSSL and we agree, or it is said why not', { timeout: 110_000 }, async (t) => {
  const all = fc.sample(shapes, { numRuns: 300, seed: 5280 })
  const counts = new Map<string, number>()
  const unexplained: string[] = []
  let accepted = 0
  const judgeOne = async (shape: Shape, index: number): Promise<void> => {
    const built = build(shape)
    const verdict = certificationPaths({ anchors: [built.anchor.der] }).validate(built.leaf.der, built.chain.map(({ der }) => der), now)
    const theirs = await askOpenSsl(built, index)
    if (verdict.valid) accepted++
    if (theirs === verdict.valid) return
    const we = verdict.valid ? 'accept' : 'refuse'
    const why = Object.entries(explained).find(([, difference]) => difference.we === we && difference.has(shape))?.[0]
    if (why === undefined) unexplained.push(`${outcome(verdict)} ${JSON.stringify(shape)}`)
    else counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  for (let index = 0; index < all.length; index += 4) await Promise.all(all.slice(index, index + 4).map((shape, offset) => judgeOne(shape, index + offset)))
  for (const [why, count] of counts) t.diagnostic(`${count}: ${why}`)
  t.diagnostic(`${accepted} of ${all.length} accepted`)
  assert.deepEqual(unexplained, [])
  assert.deepEqual(Object.keys(explained).filter((why) => !counts.has(why)), [], 'explains nothing')
  assert.ok(accepted > 80 && accepted < 220)
})
