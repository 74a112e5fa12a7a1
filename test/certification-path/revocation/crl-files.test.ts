import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { crlFiles, lookEvery, type CrlFiles } from '../../../lib/certification-path/revocation/crl-files.ts'
import { eventually } from '../../token/eventually.ts'
import { now } from '../pki.ts'
import { crl, crlNumber, deltaIndicator, issuer, target } from './revocation-pki.ts'

let folder: string
let file: string
let troubles: string[]
let files: CrlFiles
const pem = (der: Buffer): string => `Issued by us\n-----BEGIN X509 CRL-----\r\n${der.toString('base64').replace(/.{64}/g, '$&\r\n')}\r\n-----END X509 CRL-----\r\n`

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crl-files-'))
  file = join(folder, 'a.crl')
  troubles = []
  writeFileSync(file, crl())
  mock.timers.enable({ apis: ['setInterval'] })
  files = crlFiles([file], (_file, why) => troubles.push(why))
})
afterEach(() => {
  mock.timers.reset()
  files.close()
  rmSync(folder, { recursive: true })
})

const status = (): string => files.status(target, issuer, now).status
const revoking = crl({ revoked: [{ serial: 0x2001 }] })

/** Lets it look until something holds. */
async function after (what: string, holds: () => boolean): Promise<void> {
  await eventually(what, () => {
    mock.timers.tick(lookEvery)
    return holds()
  })
}

test('a file is read again when it changed, as DER or PEM', async () => {
  assert.equal(status(), 'good')
  writeFileSync(file, pem(revoking))
  assert.equal(status(), 'good')
  await after('the new list is used', () => status() === 'revoked')
  writeFileSync(file, crl())
  await after('the newest list is used', () => status() === 'good')
  assert.deepEqual(troubles, [])
})

test('a file that cannot be used any more is told once, and what was read before serves on', async () => {
  writeFileSync(file, revoking)
  await after('the new list is used', () => status() === 'revoked')
  writeFileSync(file, 'x')
  await after('it is told', () => troubles.length > 0)
  rmSync(file)
  await after('it is told again', () => troubles.length > 1)
  writeFileSync(file, crl())
  await after('the file is used again', () => status() === 'good')
  assert.deepEqual(troubles, ['a value is cut off', 'it cannot be read (ENOENT)'])
})

test('338: a file that is too large is not read', async () => {
  writeFileSync(file, Buffer.alloc(21_000_000))
  await after('it is told', () => troubles.length > 0)
  assert.deepEqual(troubles, ['the file is too large'])
  assert.equal(status(), 'good')
})

test('a file that did not change is not read again', async () => {
  const delta = join(folder, 'delta.crl')
  writeFileSync(delta, crl({ extensions: [crlNumber(8), deltaIndicator(7)] }))
  const both = crlFiles([delta, file], () => {})
  const first = both.deltas()[0]
  writeFileSync(file, revoking)
  // The first look reads whatever the stamp, since the file may have changed right after it was read.
  await after('the files were read', () => both.deltas()[0] !== first && both.status(target, issuer, now).status === 'revoked')
  const second = both.deltas()[0]
  writeFileSync(file, crl())
  await after('the other file was read', () => both.status(target, issuer, now).status === 'good')
  assert.equal(both.deltas()[0], second)
  both.close()
})

test('nobody looks at a file after closing', async () => {
  const open = crlFiles([file], () => {})
  files.close()
  writeFileSync(file, revoking)
  await after('the one that is open has read it', () => open.status(target, issuer, now).status === 'revoked')
  open.close()
  assert.equal(status(), 'good')
})
