// Another revision of the package, built in a folder of its own, to be measured beside the working tree.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Revision {
  /** As it was asked for, with the commit. */
  readonly name: string
  /** URL of the module that the package gives. */
  readonly entry: string
  /** What its figures must be read with. */
  readonly remarks: readonly string[]
  remove (): void
}

/** @throws Error when there is no such revision, or it cannot be built; nothing is left of it then */
export function checkOut (name: string, project = process.cwd()): Revision {
  const run = (command: string, args: readonly string[], cwd: string): string => execFileSync(command, args, { cwd, encoding: 'utf8', timeout: 300_000, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  // No name that begins with a dash is an option of git's.
  const commit = run('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], project)
  const parent = mkdtempSync(join(tmpdir(), 'bound-token-bench-'))
  const folder = join(parent, 'revision')
  const remove = (): void => {
    process.off('exit', remove)
    if (existsSync(folder)) run('git', ['worktree', 'remove', '--force', folder], project)
    rmSync(parent, { recursive: true, force: true })
  }
  process.on('exit', remove)
  try {
    run('git', ['worktree', 'add', '--detach', folder, commit], project)
    const remarks = installIn(folder, project, run)
    // Only what has changed since the tools were: it is built with its own configuration.
    run(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc'), '-p', 'lib'], folder)
    return { name: `${name} ${commit.slice(0, 7)}`, entry: pathToFileURL(join(folder, 'dist/lib/index.js')).href, remarks, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Its dependencies are ours where the locks agree; else its own, where npm still has them. */
function installIn (folder: string, project: string, run: (command: string, args: readonly string[], cwd: string) => string): string[] {
  const lockOf = (where: string): string => readFileSync(join(where, 'package-lock.json'), 'utf8')
  const link = (): void => symlinkSync(resolve(project, 'node_modules'), join(folder, 'node_modules'), 'dir')
  if (productionOf(lockOf(folder)) === productionOf(lockOf(project))) {
    link()
    return []
  }
  try {
    run('npm', ['ci', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
    return []
  } catch {
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    link()
    return ['its package-lock.json is another, and what it names is not in npm\'s cache: it runs with the dependencies of the working tree']
  }
}

/** What of a lock counts: packages that are only for development change nothing of what is measured. */
function productionOf (lock: string): string {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { version?: string, dev?: boolean }> }
  return JSON.stringify(Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true).map(([path, { version }]) => [path, version]))
}
