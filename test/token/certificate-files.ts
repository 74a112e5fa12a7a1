import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export interface Pair {
  readonly cert: string
  readonly key: string
}

export function filesWith (t: TestContext, { cert, key }: Pair): { certificate: { file: string }, key: { file: string }, folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tls-material-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const files = { certificate: { file: join(folder, 'tls.crt') }, key: { file: join(folder, 'tls.key') }, folder }
  writeFileSync(files.certificate.file, cert)
  writeFileSync(files.key.file, key)
  return files
}

/** Replaces a file as careful tools do: the new one is complete before it has the name. */
export function replace (file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}
