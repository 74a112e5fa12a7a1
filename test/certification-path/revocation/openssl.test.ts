import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseCertificate, type Certificate } from '../../../lib/certification-path/index.ts'
import { judgeCrl, judgeOcspResponse, ocspRequest, parseCrl, revocation, type RevocationVerdict } from '../../../lib/certification-path/revocation/index.ts'
import { requires } from '../../e2e/requires.ts'

const openssl = spawnSync('openssl', ['version']).status === 0 ? 'openssl' : null
const needs = requires({ openssl })

const folder = mkdtempSync(join(tmpdir(), 'openssl-ca-'))
const place = (name: string): string => join(folder, name)
const processes: ChildProcess[] = []
after(() => {
  for (const one of processes) one.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const run = (...words: readonly string[]): string => execFileSync('openssl', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

function authority (): void {
  writeFileSync(place('index.txt'), '')
  writeFileSync(place('index.txt.attr'), 'unique_subject = no\n')
  writeFileSync(place('serial'), '1000\n')
  writeFileSync(place('crlnumber'), '01\n')
  writeFileSync(place('ca.cnf'), `[ca]
default_ca = us
[us]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = any
crl_extensions = crl
x509_extensions = client
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[client]
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
[responder]
keyUsage = critical,digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = yes
`)
  run('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '30', '-config', 'ca.cnf', '-extensions', 'root')
  for (const [name, extensions] of [['alice', 'client'], ['bob', 'client'], ['responder', 'responder']] as const) {
    run('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`, '-config', 'ca.cnf')
    run('ca', '-batch', '-config', 'ca.cnf', '-extensions', extensions, '-in', `${name}.csr`, '-out', `${name}.pem`, '-notext')
  }
  run('ca', '-config', 'ca.cnf', '-revoke', 'bob.pem', '-crl_reason', 'keyCompromise')
  run('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'ca.crl')
}

const read = (name: string): Certificate => parseCertificate(Buffer.from(readFileSync(place(name), 'latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64'))
const der = (name: string): Buffer => Buffer.from(readFileSync(place(name), 'latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64')

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Ends when it says that it listens. */
async function responder (signer: string): Promise<string> {
  const port = await freePort()
  const words = ['ocsp', '-index', 'index.txt', '-CA', 'ca.pem', '-rsigner', `${signer}.pem`, '-rkey', `${signer}.key`, '-port', String(port), '-nmin', '5', '-text']
  const child = spawn('openssl', words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  processes.push(child)
  await new Promise<void>((resolve, reject) => {
    const look = (text: Buffer): void => { if (text.includes('waiting for OCSP client connections')) resolve() }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('exit', () => reject(new Error('the responder ended')))
  })
  return `http://127.0.0.1:${port}/`
}

const brief = (verdict: RevocationVerdict): string => verdict.status === 'revoked' ? `revoked by ${verdict.by}` : verdict.status === 'good' ? 'good' : verdict.why

test('320: a CRL as `openssl ca -gencrl` writes it', needs, async () => {
  authority()
  for (const [name, expected] of [['alice', 'good'], ['bob', 'revoked']] as const) {
    assert.equal(judgeCrl(der('ca.crl'), read(`${name}.pem`), read('ca.pem'), new Date()).status, expected)
    const said = spawnSync('openssl', ['verify', '-crl_check', '-CAfile', 'ca.pem', '-CRLfile', 'ca.crl', `${name}.pem`], { cwd: folder, encoding: 'utf8' })
    assert.equal(said.status === 0, expected === 'good', said.stderr)
  }
  const front = revocation({ mode: 'hard', crls: [place('ca.crl')] }, () => {})
  assert.equal(brief(await front.check([read('bob.pem'), read('ca.pem')], new Date())), 'revoked by crl')
  assert.equal(brief(await front.check([read('alice.pem'), read('ca.pem')], new Date())), 'good')
  await front.close()
  assert.equal(parseCrl(der('ca.crl')).entries.size, 1)
})

test('330, 331, 332, 339: `openssl ocsp` as the responder: the issuer itself and a delegate', needs, async () => {
  for (const signer of ['ca', 'responder']) {
    const url = await responder(signer)
    for (const requireNonce of [false, true]) {
      const front = revocation({ mode: 'hard', ocsp: { url, requireNonce }, timeout: 20_000 }, () => {})
      assert.equal(brief(await front.check([read('alice.pem'), read('ca.pem')], new Date())), 'good', signer)
      assert.equal(brief(await front.check([read('bob.pem'), read('ca.pem')], new Date())), 'revoked by ocsp', signer)
      await front.close()
    }
  }
})

test('332: `openssl ocsp` with the certificate of a client is not a responder', needs, async () => {
  const front = revocation({ mode: 'hard', ocsp: { url: await responder('alice') }, timeout: 20_000 }, () => {})
  assert.equal(brief(await front.check([read('bob.pem'), read('ca.pem')], new Date())), 'the certificate of the responder is not meant for OCSP')
  await front.close()
})

test('330: our request is what OpenSSL asks, octet by octet', needs, () => {
  run('ocsp', '-issuer', 'ca.pem', '-cert', 'alice.pem', '-no_nonce', '-reqout', 'alice.req')
  assert.equal(Buffer.from(ocspRequest(read('alice.pem'), read('ca.pem'), null)).toString('hex'), readFileSync(place('alice.req')).toString('hex'))
})

test('330: an answer with SHA-256 in its CertID is taken too', needs, () => {
  run('ocsp', '-sha256', '-issuer', 'ca.pem', '-cert', 'alice.pem', '-no_nonce', '-reqout', 'sha256.req')
  run('ocsp', '-index', 'index.txt', '-CA', 'ca.pem', '-rsigner', 'responder.pem', '-rkey', 'responder.key', '-reqin', 'sha256.req', '-respout', 'sha256.resp', '-nmin', '5')
  const verdict = judgeOcspResponse(readFileSync(place('sha256.resp')), { target: read('alice.pem'), issuer: read('ca.pem'), at: new Date() })
  assert.equal(verdict.status, 'good', JSON.stringify(verdict))
})
