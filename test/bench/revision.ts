// Another revision of the package, built in a folder of its own, to be measured beside the working tree.

import { execFile, execFileSync } from 'node:child_process'
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

/** Milliseconds for each command. */
const limit = 300_000

/** @throws Error when there is no such revision, or it cannot be built; nothing is left of it then */
export async function checkOut (name: string, project = process.cwd()): Promise<Revision> {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: project, encoding: 'utf8', timeout: limit, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  // No name that begins with a dash is an option of git's.
  const commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)
  const parent = mkdtempSync(join(tmpdir(), 'bound-token-bench-'))
  const folder = join(parent, 'revision')
  const remove = (): void => {
    process.off('exit', remove)
    if (existsSync(folder)) git('worktree', 'remove', '--force', folder)
    rmSync(parent, { recursive: true, force: true })
  }
  process.on('exit', remove)
  try {
    git('worktree', 'add', '--detach', folder, commit)
    const remarks = await installIn(folder, project)
    // Only what has changed since the tools were: it is built with its own configuration.
    await run(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc'), '-p', 'lib'], folder)
    return { name: `${name} ${commit.slice(0, 7)}`, entry: pathToFileURL(join(folder, 'dist/lib/index.js')).href, remarks, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** What takes its time: a signal that ends this process is heard meanwhile, and ends it as well. */
async function run (command: string, args: readonly string[], cwd: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = execFile(command, args, { cwd, timeout: limit, maxBuffer: Infinity }, (error) => {
      process.off('exit', end)
      if (error === null) resolve()
      else reject(error)
    })
    const end = (): void => { child.kill('SIGKILL') }
    // Before its folder is removed, so that nothing is written there any more.
    process.prependListener('exit', end)
  })
}

/** Its dependencies are ours where the locks agree; else its own, where npm still has them. */
async function installIn (folder: string, project: string): Promise<string[]> {
  const lockOf = (where: string): string => readFileSync(join(where, 'package-lock.json'), 'utf8')
  const link = (): void => symlinkSync(resolve(project, 'node_modules'), join(folder, 'node_modules'), 'dir')
  if (productionOf(lockOf(folder)) === productionOf(lockOf(project))) {
    link()
    return []
  }
  try {
    await run('npm', ['ci', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
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
