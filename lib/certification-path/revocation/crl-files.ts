import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Certificate } from '../certificate.ts'
import { isSameName } from '../name.ts'
import { largestCrl, parseCrl, parseCrlInSlices, type Crl } from './crl.ts'
import { isDelta, judgeCrl } from './judge-crl.ts'
import { undetermined, type SourceStatus } from './source-status.ts'

export interface CrlFiles {
  status (target: Certificate, issuer: Certificate, at: Date): SourceStatus
  /** The delta CRLs among them: also for CRLs from elsewhere. */
  deltas (): readonly Crl[]
  close (): void
}

/** Milliseconds between two looks at the files. */
export const lookEvery = 5000
// PEM takes a third more than DER, and there may be a base and a delta.
const largestFile = 2 * largestCrl

interface Read { readonly crls: readonly Crl[], stamp: string, told: string }

/**
 * The CRLs that an operator keeps in files, PEM (also several in one file) or DER. They are read again when they change; a file that
 * cannot be used any more leaves what was read before, which serves until its nextUpdate.
 *
 * @throws TypeError where a file cannot be used at first
 */
export function crlFiles (files: readonly string[], onTrouble: (file: string, why: string) => void): CrlFiles {
  const read = new Map<string, Read>(files.map((file) => [file, { crls: readNow(file), stamp: '', told: '' }]))
  let isLooking = false
  let isClosed = false
  const timer = files.length === 0 ? null : setInterval(lookAgain, lookEvery).unref()

  return {
    status (target, issuer, at) {
      const all = ofIssuer(issuer)
      const deltas = all.filter(isDelta)
      const verdicts = all.filter((crl) => !isDelta(crl)).map((crl) => judgeCrl(crl, target, issuer, at, { deltas }))
      if (verdicts.some(({ status }) => status === 'revoked')) return { status: 'revoked', by: 'crl' }
      const good = verdicts.find((verdict) => verdict.status === 'good')
      if (good !== undefined) return { status: 'good', goodUntil: good.nextUpdate.getTime() }
      const unusable = verdicts.find((verdict) => verdict.status === 'unusable')
      return undetermined(unusable?.why ?? 'no CRL of the issuer', Date.now() + lookEvery)
    },
    deltas: () => [...read.values()].flatMap(({ crls }) => crls).filter(isDelta),
    close () {
      isClosed = true
      if (timer !== null) clearInterval(timer)
    }
  }

  function ofIssuer (issuer: Certificate): readonly Crl[] {
    return [...read.values()].flatMap(({ crls }) => crls).filter((crl) => isSameName(crl.issuer, issuer.subject))
  }

  function lookAgain (): void {
    if (isLooking) return
    isLooking = true
    Promise.all(files.map(lookAt)).finally(() => { isLooking = false })
  }

  async function lookAt (file: string): Promise<void> {
    const before = read.get(file) as Read
    let stamp = 'none'
    try {
      const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true })
      stamp = `${mtimeNs}:${ctimeNs}:${size}:${ino}`
      if (stamp === before.stamp) return
      if (size > largestFile) throw new SyntaxError('the file is too large')
      const crls: Crl[] = []
      for (const der of dersIn(await readFile(file))) crls.push(await parseCrlInSlices(der))
      if (isOlder(crls, before.crls)) throw new SyntaxError('an older list than the one that was read before')
      read.set(file, { crls, stamp, told: '' })
    } catch (error) {
      const why = whyOf(error)
      const isUnreadable = !(error instanceof SyntaxError)
      // Told once for each state of the file; one that is there but cannot be read is tried again, since that may pass without a trace in it.
      const trouble = isUnreadable ? why : `${stamp} ${why}`
      if (before.told !== trouble && !isClosed) onTrouble(file, why)
      before.told = trouble
      before.stamp = isUnreadable ? '' : stamp
    }
  }
}

/** Whether a list would go back in time: somebody may put an old one in its place to have a certificate back. */
function isOlder ([next, ...more]: readonly Crl[], [known, ...others]: readonly Crl[]): boolean {
  if (next === undefined || known === undefined || more.length > 0 || others.length > 0) return false
  return isSameName(next.issuer, known.issuer) && isDelta(next) === isDelta(known) && next.thisUpdate < known.thisUpdate
}

function readNow (file: string): readonly Crl[] {
  try {
    return dersIn(readFileSync(file)).map((der) => parseCrl(der))
  } catch (error) {
    throw new TypeError(`crls: ${file}: ${whyOf(error)}`)
  }
}

const begin = '-----BEGIN X509 CRL-----'
const end = '-----END X509 CRL-----'

/** @throws SyntaxError */
function dersIn (bytes: Buffer): readonly Uint8Array[] {
  const ders: Uint8Array[] = []
  for (let at = bytes.indexOf(begin); at >= 0; at = bytes.indexOf(begin, at)) {
    const start = at + begin.length
    at = bytes.indexOf(end, start)
    if (at < 0) throw new SyntaxError('a CRL in PEM without its end')
    ders.push(Buffer.from(bytes.toString('latin1', start, at), 'base64'))
  }
  return ders.length === 0 ? [bytes] : ders
}

function whyOf (error: unknown): string {
  return error instanceof SyntaxError ? error.message : `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`
}
