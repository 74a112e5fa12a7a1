import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatNames, type FormatName } from '../../lib/certificate/formats.ts'
import type { PresetName } from '../../lib/certificate/presets.ts'
import { capturesIn } from './captures.ts'

interface Folder {
  readonly preset: PresetName
  readonly usual: FormatName
  /** What is written otherwise, and what is in no format at all: no certificate, or nothing that one may read. */
  readonly others: Readonly<Record<string, FormatName | null>>
}

const folders: Readonly<Record<string, Folder>> = {
  'nginx-1.22': { preset: 'nginx', usual: 'url-pem', others: { 'folded-ssl-client-cert': null } },
  'haproxy-2.6': {
    preset: 'haproxy',
    usual: 'base64-der',
    others: { rfc9440: 'rfc9440', hex: 'hex-der', x5t: 'x5t#S256', chain: null, oversize: null, 'forged-with-certificate': null }
  },
  'apache-2.4': {
    preset: 'apache',
    usual: 'url-pem',
    others: {
      spaces: 'pem',
      base64: 'base64-pem',
      rfc9440: 'rfc9440',
      expression: null,
      'chain-0': null,
      'b64cert-of-2.5': null,
      'escape-with-stray-s': null,
      'forged-with-certificate': null
    }
  },
  'caddy-2.6': { preset: 'caddy', usual: 'base64-der', others: { rfc9440: 'rfc9440', fingerprint: 'sha256-hex', unknown: null, 'forged-with-certificate': null } }
}

for (const [folder, { preset, usual, others }] of Object.entries(folders)) {
  describe(`S-13, 108: ${folder}: each capture is read by the format that fits it, and refused by every other`, () => {
    const { thumbprints, read } = capturesIn(folder, { preset, verified: false })

    for (const [name, thumbprint] of Object.entries(thumbprints)) {
      const fitting = thumbprint === null ? null : name in others ? others[name] as FormatName | null : usual
      it(`${name}: ${fitting ?? 'none'}`, () => {
        for (const format of formatNames) {
          const outcome = read(name, { format })
          // A list of one is written like the one.
          const fits = format === fitting || (format === 'base64-der-list' && fitting === 'base64-der')
          if (fits) assert.equal(outcome, thumbprint, format)
          else assert.match(outcome, /^certificate_(?:malformed|ambiguous|missing|placeholder)$/, format)
        }
      })
    }

    it('every exception is one of its captures', () => assert.deepEqual(Object.keys(others).filter((name) => !(name in thumbprints)), []))
  })
}
