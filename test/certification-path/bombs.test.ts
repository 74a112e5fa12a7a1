import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificationPaths, type PathVerdict, type TrustOptions } from '../../lib/certification-path/index.ts'
import {
  algorithms, alternativeNames, authority, bits, certificate, certificatePolicies, client, dns, ecKeys, extension, integer, mail, name, nameConstraints, now, nul,
  oid, outcome, policyMappings, rsaKeys, seq, set, text, tlv, type Issued
} from './pki.ts'

const root = authority({ subject: name('CN=root') })
const most = 65_536

interface Bomb {
  readonly anchors?: readonly Issued[]
  readonly leaf: Uint8Array
  readonly chain: readonly Uint8Array[]
  readonly is: string
  readonly options?: Partial<TrustOptions>
}

// One judgement blocks the event loop for as long as it takes: there is nothing to wait for in it. The first call also pays for
// the compiler, so that it is what a service sees after its start.
function cost (title: string, make: () => Bomb): void {
  test(title, (t) => {
    const { anchors = [root], leaf, chain, is, options } = make()
    const validator = certificationPaths({ anchors: anchors.map(({ der }) => der), ...options })
    const size = chain.reduce((sum, { length }) => sum + length, leaf.length)
    const before = process.cpuUsage()
    const start = performance.now()
    const verdict: PathVerdict = validator.validate(leaf, chain, now)
    const blocked = performance.now() - start
    const { user, system } = process.cpuUsage(before)
    t.diagnostic(`${size} bytes, ${chain.length} certificates beside it: ${(user + system) / 1000} ms CPU, ${blocked.toFixed(1)} ms blocked, ${outcome(verdict)}`)
    assert.equal(outcome(verdict), is)
    assert.ok(user + system < 200_000, `${user + system} µs`)
  })
}

const ders = (list: readonly Issued[]): Buffer[] => list.map(({ der }) => der)
const nobody = (subject: string, keys = ecKeys()): Issued => ({ der: Buffer.alloc(0), subject: name(`CN=${subject}`), keys })
const fill = <T>(make: (index: number) => T, count: number): T[] => Array.from({ length: count }, (_, index) => make(index))
/** Names for as many octets. */
const hosts = (size: number): Buffer[] => fill((index) => dns(`${index}.a`), Math.floor(size / 9))

cost('C34: 32 authorities that all certify one another, and one that the anchor did not certify', () => {
  const cas = fill((index) => nobody(`ca ${index}`), 6)
  const mesh = cas.flatMap((issuer) => cas.filter((subject) => subject !== issuer).map(({ subject, keys }) => authority({ issuer, subject, keys })))
  const forged = authority({ issuer: { ...nobody('root'), subject: root.subject }, subject: cas[0]?.subject as Buffer })
  return { leaf: client(cas[5] as Issued).der, chain: ders([...mesh, forged]), is: 'signature_invalid' }
})

cost('C34: a mesh below an anchor, with a client that none of them issued', () => {
  const keys = fill((index) => nobody(`ca ${index}`), 5)
  const first = authority({ issuer: root, subject: keys[0]?.subject as Buffer, keys: keys[0]?.keys as Issued['keys'] })
  const mesh = keys.flatMap((issuer) => keys.filter((subject) => subject !== issuer).map(({ subject, keys }) => authority({ issuer, subject, keys })))
  return { leaf: client({ ...nobody('ca 4') }).der, chain: ders([first, ...mesh]), is: 'signature_invalid' }
})

cost('C34: layers of authorities, each with two keys', () => {
  const layers = fill((index) => [nobody(`layer ${index}`), nobody(`layer ${index}`)], 8)
  const above = (index: number): readonly Issued[] => index === 0 ? [root] : layers[index - 1] as readonly Issued[]
  const chain = layers.flatMap((layer, index) => layer.flatMap(({ subject, keys }) => above(index).map((issuer) => authority({ issuer, subject, keys }))))
  return { leaf: client(nobody('layer 7')).der, chain: ders(chain), is: 'limit_exceeded' }
})

cost('C34: 100 intermediates', () => ({ leaf: client(nobody('x')).der, chain: ders(fill(() => authority({ issuer: nobody('x'), subject: name('CN=x') }), 100)), is: 'limit_exceeded' }))

for (const curve of ['P-256', 'P-384', 'P-521']) {
  cost(`C34: 32 look-alike intermediates with ${curve} below an anchor with ${curve}`, () => {
    const anchor = authority({ keys: ecKeys(curve) })
    const subject = name('CN=look-alike')
    const chain = fill((index) => authority({ issuer: index % 2 === 0 ? anchor : { ...anchor, keys: ecKeys(curve) }, subject, keys: ecKeys(curve), algorithm: algorithms.ecdsaSha512 }), 32)
    return { anchors: [anchor], leaf: client(nobody('look-alike', ecKeys(curve))).der, chain: ders(chain), is: 'limit_exceeded' }
  })
}

cost('C34: 32 look-alike intermediates below an anchor with RSA 8192 and an exponent of 32 bits', () => {
  const anchor = authority({ keys: rsaKeys(8192, 0xffff_fffb) })
  const subject = name('CN=look-alike')
  return { anchors: [anchor], leaf: client(nobody('look-alike')).der, chain: ders(fill(() => authority({ issuer: anchor, subject }), 32)), is: 'limit_exceeded' }
})

cost('C34: self-issued look-alikes with RSA 8192, of which each could have signed each', () => {
  const huge = (): Buffer => seq(seq(oid('1.2.840.113549.1.1.1'), nul), bits(seq(integer(2n ** 8191n + BigInt(Math.floor(Math.random() * 1e9)) * 2n + 1n), integer(0xffff_fffb))))
  const subject = name('CN=x')
  const first = authority({ issuer: root, subject, spki: huge() })
  const chain = [first, ...fill(() => authority({ issuer: nobody('x'), subject, spki: huge() }), 31)]
  const algorithm = { ...algorithms.rsaSha256, sign: () => Buffer.alloc(1024, 1) }
  return { leaf: client(nobody('x'), { algorithm }).der, chain: ders(chain), is: 'limit_exceeded' }
})

cost('C27: an RSA key of 16384 bits in the leaf', () => {
  const spki = seq(seq(oid('1.2.840.113549.1.1.1'), nul), bits(seq(integer(2n ** 16_383n + 1n), integer(2n ** 16_382n + 1n))))
  return { leaf: client(root, { spki }).der, chain: [], is: 'key_weak' }
})

cost('C28: values nested 20000 deep', () => {
  let nested: Buffer = Buffer.alloc(0)
  for (let depth = 0; depth < 12_000 && nested.length < 60_000; depth++) nested = tlv(0x30, nested)
  return { leaf: nested, chain: fill(() => nested.subarray(0, 0), 32), is: 'leaf_malformed' }
})

cost('C28: an extension nested deep', () => {
  let nested: Buffer = Buffer.alloc(0)
  while (nested.length < 60_000) nested = tlv(0x30, nested)
  return { leaf: client(root, { extensions: [extension('2.5.29.32', nested)] }).der, chain: [], is: 'extension_malformed' }
})

cost('C28: as many empty values as there is room for', () => ({ leaf: tlv(0x30, Buffer.alloc(65_000, Uint8Array.of(0x30, 0))), chain: [], is: 'limit_exceeded' }))

cost('C28: 32 lists of as many empty values as there is room for', () => ({ leaf: client(root).der, chain: fill(() => tlv(0x30, Buffer.alloc(2000, Uint8Array.of(0x30, 0))), 31), is: 'limit_exceeded' }))

cost('C29: a subject of thousands of attributes', () => {
  const subject = seq(...fill(() => set(seq(oid('2.5.4.3'), text('x'))), 5000))
  return { leaf: client(root, { subject }).der, chain: [], is: 'limit_exceeded' }
})

cost('C29: 31 certificates with names as long as allowed', () => {
  const subject = seq(...fill((index) => set(seq(oid('2.5.4.3'), text(`\u00c4${index}`))), 120))
  return { leaf: client({ ...root, subject }).der, chain: ders(fill(() => authority({ issuer: root, subject }), 30)).slice(0, 25), is: 'limit_exceeded' }
})

cost('C29: a name that grows when it is normalised', () => {
  const subject = seq(set(seq(oid('2.5.4.3'), text('\ufdfa'.repeat(20_000)))))
  return { leaf: client(root, { subject }).der, chain: [], is: 'valid' }
})

cost('C39: thousands of constraints in the anchor, thousands of names in the leaf', () => {
  const anchor = authority({ extensions: [nameConstraints([], hosts(60_000))] })
  return { anchors: [anchor], leaf: client(anchor, { extensions: [alternativeNames(hosts(60_000))] }).der, chain: [], is: 'limit_exceeded' }
})

cost('C39: as many comparisons as are allowed', () => {
  const anchor = authority({ extensions: [nameConstraints([dns('a')], hosts(2000).map((_, index) => dns(`${index}.b`)))] })
  return { anchors: [anchor], leaf: client(anchor, { extensions: [alternativeNames(hosts(1970))] }).der, chain: [], is: 'valid' }
})

cost('C39: constraints of 30 KB in an intermediate, read and compared once a way', () => {
  const issuer = authority({ issuer: root, extensions: [nameConstraints([mail('')], hosts(30_000))] })
  return { leaf: client(issuer, { extensions: [alternativeNames(hosts(30_000))] }).der, chain: [issuer.der], is: 'limit_exceeded' }
})

cost('C39: thousands of names that no one constrains', () => ({ leaf: client(root, { extensions: [alternativeNames(hosts(60_000))] }).der, chain: [], is: 'valid' }))

cost('C37: thousands of purposes', () => ({
  leaf: certificate({ issuer: root, extensions: [extension('2.5.29.37', seq(...fill((index) => oid(`1.2.${index}`), 9000)))] }).der, chain: [], is: 'extended_key_usage'
}))

cost('C37: a keyUsage of 60 KB', () => ({ leaf: certificate({ issuer: root, extensions: [extension('2.5.29.15', bits(Buffer.alloc(60_000, 255)))] }).der, chain: [], is: 'extension_malformed' }))

cost('C34: names, signatures and constraints, each as much as is allowed', () => {
  const anchor = authority({ keys: ecKeys('P-384'), extensions: [nameConstraints([], hosts(600))] })
  const subject = name('CN=look-alike')
  const names = alternativeNames(fill((index) => tlv(0xa4, seq(...fill((at) => set(seq(oid('2.5.4.3'), text(`\u00e4${index}${at}`))), 20))), 5))
  const chain = fill(() => authority({ issuer: anchor, subject, extensions: [names] }), 26)
  return { anchors: [anchor], leaf: client(nobody('look-alike')).der, chain: ders(chain), is: 'limit_exceeded' }
})

cost('C30: thousands of extensions', () => ({ leaf: client(root, { extensions: fill((index) => extension(`1.2.${index}`, nul), 4500) }).der, chain: [], is: 'limit_exceeded' }))

cost('307: policies that are all mapped to all others, level after level', () => {
  const names = fill((index) => `1.2.${index}`, 16)
  const pairs = names.flatMap((from) => names.map((to) => [from, to] as const))
  const extensions = [certificatePolicies(names, true), policyMappings(...pairs)]
  const chain: Issued[] = [authority({ issuer: root, extensions })]
  while (chain.length < 8) chain.push(authority({ issuer: chain.at(-1) as Issued, extensions }))
  return { leaf: client(chain.at(-1) as Issued, { extensions: [certificatePolicies(names)] }).der, chain: ders(chain), is: 'valid', options: { requireExplicitPolicy: true } }
})

cost('307: as many policies as there is room for, on many ways', () => {
  const names = fill((index) => `1.2.${index}`, 180)
  const extensions = [certificatePolicies([...names, '2.5.29.32.0'])]
  const keys = fill((index) => nobody(`ca ${index}`), 4)
  const mesh = keys.flatMap((issuer) => keys.filter((subject) => subject !== issuer).map(({ subject, keys }) => authority({ issuer, subject, keys, extensions })))
  const first = authority({ issuer: root, subject: keys[0]?.subject as Buffer, keys: keys[0]?.keys as Issued['keys'], extensions })
  return { leaf: client(nobody('ca 3')).der, chain: ders([first, ...mesh]), is: 'signature_invalid' }
})

test('313: what is larger than the limit is not read', () => {
  const { validate } = certificationPaths({ anchors: [root.der] })
  assert.equal(outcome(validate(client(root).der, [Buffer.alloc(most)], now)), 'limit_exceeded')
  assert.equal(outcome(certificationPaths({ anchors: [root.der], limits: { signatures: 0 } }).validate(client(root).der, [], now)), 'limit_exceeded')
  assert.equal(outcome(certificationPaths({ anchors: [root.der], limits: { steps: 0 } }).validate(client(root).der, [], now)), 'limit_exceeded')
})
