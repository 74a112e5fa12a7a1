import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AttributeTypeAndValue, AttributeValue, Name as AsnName, RelativeDistinguishedName } from '@peculiar/asn1-x509'
import { BasicConstraintsExtension, Name, SubjectAlternativeNameExtension, X509CertificateGenerator, type JsonGeneralNames } from '@peculiar/x509'
import { attributeTypes, type AttributeName } from '../../lib/certificate/attribute-types.ts'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateSource } from '../../lib/certificate/source.ts'
import type { CertificateMatchOptions, CertificateOptions } from '../../lib/options.ts'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { createKeys } from './certificates.ts'
import { startGuardedApp } from './guarded-app.ts'
import { inboundMessage, socketFrom, verdictOf } from './inbound.ts'
import { exchangeOn, requestText } from './raw-exchange.ts'

const trustedProxies = ['127.0.0.1']
const others = 'certificate_not_allowed'
let keys: webcrypto.CryptoKeyPair
before(async () => { keys = await createKeys() })

type AlternativeNames = NonNullable<CertificateMatchOptions['subjectAltName']>
type Value = string | { readonly [encoding in 'utf8String' | 'printableString' | 'ia5String' | 'bmpString' | 'teletexString']?: string }
/** RDNs, each of attributes with a value each or several. */
type Rdns = ReadonlyArray<Partial<Record<AttributeName, Value | readonly Value[]>>>

// Not by the generator's own notation: that reads separators and quotes in values.
function nameOf (rdns: Rdns): Name {
  const name = new AsnName(rdns.map((rdn) => new RelativeDistinguishedName(Object.entries(rdn).flatMap(([type, values]) => [values].flat().map((value) => new AttributeTypeAndValue({
    type: attributeTypes[type as AttributeName], value: new AttributeValue(typeof value === 'string' ? { utf8String: value } : value as object)
  }))))))
  return new Name(AsnConvert.serialize(name))
}

async function certificateOf (subject: Rdns, names: JsonGeneralNames = [], issuer: Rdns = subject): Promise<Buffer> {
  const certificate = await X509CertificateGenerator.create({
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: [new BasicConstraintsExtension(false), ...names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]]
  })
  return Buffer.from(certificate.rawData)
}

async function sourceFor (match: CertificateOptions['match'], more: CertificateOptions = {}): Promise<CertificateSource> {
  const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', trustedProxies, match, ...more } as CertificateOptions, 'certificate')
  await source.ready()
  return source
}

async function verdict (der: Buffer, match: CertificateMatchOptions | CertificateMatchOptions[]): Promise<string> {
  const outcome = verdictOf(await sourceFor(match), inboundMessage([['x-cert', der.toString('base64')]], socketFrom('127.0.0.1')))
  return outcome.startsWith('certificate_') ? outcome : 'taken'
}

describe('names that a certificate must have', () => {
  it('all attributes that are stated, each with one of its values', async () => {
    const der = await certificateOf([{ C: 'DE' }, { O: 'Partner' }, { CN: 'a' }])
    for (const subject of [{ CN: 'a' }, { O: 'Partner' }, { CN: ['b', 'a'], O: 'Partner', C: ['DE', 'FR'] }]) assert.equal(await verdict(der, { subject }), 'taken')
    const refused = [{ CN: 'b' }, { CN: 'A' }, { CN: 'a ' }, { CN: 'a', O: 'partner' }, { OU: 'Partner' }, { CN: 'a', L: 'Berlin' }, { CN: 'Partner' }]
    for (const subject of refused) assert.equal(await verdict(der, { subject }), others, JSON.stringify(subject))
  })

  it('a list of sets of names: one of them', async () => {
    const der = await certificateOf([{ O: 'Partner' }, { CN: 'a' }])
    assert.equal(await verdict(der, [{ subject: { CN: 'x' } }, { subject: { CN: 'a' } }]), 'taken')
    assert.equal(await verdict(der, [{ subject: { CN: 'x', O: 'Partner' } }, { subject: { CN: 'a', O: 'y' } }]), others, 'not half of each')
  })

  it('S-8: what is written like a name is none: separators, escapes and quotes in a value', async () => {
    const tricks = ['x,CN=admin', 'x, CN=admin', 'x+CN=admin', 'x/CN=admin', 'x\nCN=admin',
      'admin\0', 'admin\0.example.com', '"admin"', 'CN=admin', '\\admin', 'admin,', ' admin', 'admin ', 'ADMIN', 'аdmin']
    for (const trick of tricks) {
      assert.equal(await verdict(await certificateOf([{ CN: trick }]), { subject: { CN: 'admin' } }), others, JSON.stringify(trick))
      assert.equal(await verdict(await certificateOf([{ O: trick }]), { subject: { CN: 'admin' } }), others, JSON.stringify(trick))
      assert.equal(await verdict(await certificateOf([{ CN: trick }]), { subject: { CN: trick } }), 'taken', 'exactly what it says')
    }
  })

  it('S-8: a second value of an attribute must be allowed as well, in whatever order and RDN', async () => {
    const twice: Rdns[] = [[{ CN: 'admin' }, { CN: 'x' }], [{ CN: 'x' }, { CN: 'admin' }], [{ CN: ['x', 'admin'] }], [{ CN: 'admin', O: 'y' }, { CN: 'x' }]]
    for (const subject of twice) {
      const der = await certificateOf(subject)
      assert.equal(await verdict(der, { subject: { CN: 'admin' } }), others, JSON.stringify(subject))
      assert.equal(await verdict(der, { subject: { CN: ['admin', 'x'] } }), 'taken')
    }
  })

  it('values in any encoding of text are the same value', async () => {
    for (const type of ['utf8String', 'printableString', 'ia5String', 'bmpString']) {
      assert.equal(await verdict(await certificateOf([{ CN: { [type]: 'a' } }]), { subject: { CN: 'a' } }), 'taken', type)
    }
    assert.equal(await verdict(await certificateOf([{ CN: 'Müller & Söhne' }]), { subject: { CN: 'Müller & Söhne' } }), 'taken')
    assert.equal(await verdict(await certificateOf([{ CN: { teletexString: 'a' } }]), { subject: { CN: 'a' } }), others, 'bytes of which nobody knows what they stand for')
  })

  it('attributes of open banking and others, by their OIDs', async () => {
    const der = await certificateOf([{ organizationIdentifier: 'PSDDE-BAFIN-123456' }, { serialNumber: '42' }, { DC: 'example' }, { emailAddress: { ia5String: 'a@example.com' } }])
    assert.equal(await verdict(der, { subject: { organizationIdentifier: 'PSDDE-BAFIN-123456' } }), 'taken')
    assert.equal(await verdict(der, { subject: { organizationIdentifier: 'PSDDE-BAFIN-123457' } }), others)
    assert.equal(await verdict(der, { subject: { DC: 'example', emailAddress: 'a@example.com' } }), 'taken')
  })

  it('the issuer, by its name', async () => {
    const der = await certificateOf([{ CN: 'a' }], [], [{ CN: 'Our CA' }, { O: 'Us' }])
    assert.equal(await verdict(der, { issuer: { CN: 'Our CA' } }), 'taken')
    assert.equal(await verdict(der, { issuer: { CN: 'Our CA' }, subject: { CN: 'a' } }), 'taken')
    assert.equal(await verdict(der, { issuer: { CN: 'a' } }), others)
    assert.equal(await verdict(der, { issuer: { CN: 'Our CA' }, subject: { CN: 'Our CA' } }), others)
  })

  it('S-8: alternative names, by their type and exactly', async () => {
    const der = await certificateOf([{ CN: 'a' }], [
      { type: 'dns', value: 'Api.Example.com' }, { type: 'dns', value: 'x, DNS:evil.example.com' }, { type: 'url', value: 'spiffe://Example/a' },
      { type: 'email', value: 'Who@Example.COM' }, { type: 'ip', value: '192.0.2.1' }, { type: 'ip', value: '2001:db8::1' }
    ])
    const taken: AlternativeNames[] = [{ dns: 'api.example.com' }, { dns: ['b', 'API.example.com'] }, { uri: 'spiffe://Example/a' },
      { email: 'Who@example.com' }, { ip: '192.0.2.1' }, { ip: '2001:DB8:0::1' }, { dns: 'api.example.com', uri: 'spiffe://Example/a', ip: ['192.0.2.9', '192.0.2.1'] }]
    const refused: AlternativeNames[] = [{ dns: 'evil.example.com' }, { dns: '*.example.com' }, { dns: 'example.com' }, { dns: 'api.example.com.' },
      { uri: 'spiffe://example/a' }, { uri: 'api.example.com' }, { dns: 'spiffe://Example/a' }, { email: 'who@example.com' }, { email: '@example.com' },
      { dns: '192.0.2.1' }, { ip: '192.0.2.10' }, { dns: 'api.example.com', uri: 'x' }]
    for (const subjectAltName of taken) assert.equal(await verdict(der, { subjectAltName }), 'taken', JSON.stringify(subjectAltName))
    for (const subjectAltName of refused) assert.equal(await verdict(der, { subjectAltName }), others, JSON.stringify(subjectAltName))
    assert.equal(await verdict(await certificateOf([{ CN: 'api.example.com' }]), { subjectAltName: { dns: 'api.example.com' } }), others, 'a common name is no alternative name')
  })

  it('the same certificate, known to be bound to a token, is judged by the same names', async () => {
    const source = await sourceFor({ subject: { CN: 'a' } })
    const message = inboundMessage([['x-cert', (await certificateOf([{ CN: 'b' }])).toString('base64')]], socketFrom('127.0.0.1'))
    for (let i = 0; i < 3; i++) assert.equal(verdictOf(source, message), others)
  })

  it('in XFCC, a hash without its certificate has no names', async () => {
    const der = await certificateOf([{ CN: 'a' }])
    const source = await sourceFor({ subject: { CN: 'a' } }, { header: 'x-forwarded-client-cert', format: 'xfcc' })
    const read = (value: string) => verdictOf(source, inboundMessage([['x-forwarded-client-cert', value]], socketFrom('127.0.0.1')))
    assert.equal(read(`Hash=${'a'.repeat(64)}`), others)
    assert.match(read(`Cert="${encodeURIComponent(`-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`)}"`), /^[\w-]{43}$/)
  })

  it('nobody is let in before the names can be read', async () => {
    const source = compileCertificateSource({ header: 'x-cert', format: 'base64-der', trustedProxies, match: { subject: { CN: 'a' } } }, 'certificate')
    const message = inboundMessage([['x-cert', (await certificateOf([{ CN: 'a' }])).toString('base64')]], socketFrom('127.0.0.1'))
    assert.throws(() => verdictOf(source, message), /not ready/)
  })
})

describe('names that stop the boot', () => {
  const table: ReadonlyArray<readonly [CertificateOptions['match'], RegExp, CertificateOptions?]> = [
    [{}, /^certificate\.match: found an empty object; allowed: subject, issuer, subjectAltName$/],
    [[{ subject: { CN: 'a' } }, {}], /^certificate\.match\[1\]: found an empty object/],
    [{ subject: {} }, /^certificate\.match\.subject: found an empty object; allowed: at least one name$/],
    [{ subject: { CN: 'a' }, subjectAltName: {} }, /^certificate\.match\.subjectAltName: found an empty object/],
    [{ subjectAltName: { ip: '192.0.2.0/24' } }, /^certificate\.match\.subjectAltName\.ip: found "192\.0\.2\.0\/24"; allowed: IP addresses$/],
    [{ subject: { CN: 'a' } }, /^certificate\.match: has no meaning with the format "x5t#S256", which has neither names nor issuer/, { format: 'x5t#S256' }]
  ]
  for (const [match, message, more] of table) {
    it(message.source, async () => {
      await assert.rejects(async () => await sourceFor(match, more), { code: 'FST_BOUND_TOKEN_OPTIONS', message })
    })
  }
})

describe('names in a certificate of the TLS connection', () => {
  it('count only where the authority of the server vouches for them', async (t) => {
    const pki = await createPki()
    const [known, selfSigned, foreign, other] = [
      await createClientCertificate('partner', { issuer: pki }), await createClientCertificate('partner'),
      await createClientCertificate('partner', { issuer: await createPki() }), await createClientCertificate('other', { issuer: pki })
    ]
    const guarded = await startGuardedApp({
      certificate: { source: 'tls', match: { subject: { CN: 'partner' } } },
      boundTo: known.thumbprint,
      server: { https: { cert: pki.server.certificate, key: pki.server.key, ca: pki.ca, requestCert: true, rejectUnauthorized: false } }
    })
    t.after(() => guarded.close())
    for (const [who, expected] of [[known, null], [selfSigned, 'certificate_unverified'], [foreign, 'certificate_unverified'], [other, others]] as const) {
      const socket = connect({ port: guarded.port, host: '127.0.0.1', servername: 'localhost', ca: pki.ca, cert: who.certificate, key: who.key })
      await once(socket, 'secureConnect')
      await exchangeOn(socket, requestText('/', [['Authorization', 'Bearer a']]))
      assert.equal(guarded.decisions.at(-1)?.reason, expected)
    }
  })

  it('a server without an authority of its own stops the boot', () => {
    const surroundings = { server: { asksForCertificate: true, authorities: () => undefined as unknown }, onTrouble () {} }
    assert.throws(() => compileCertificateSource({ source: 'tls', match: { subject: { CN: 'a' } } }, 'certificate', surroundings), {
      message: /^certificate\.match: this server has no authority of its own/
    })
  })
})
