import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkOut } from './revision.ts'

const lock = (version: string, development = '1.0.0'): string => JSON.stringify({
  packages: { '': {}, 'node_modules/undici': { version }, 'node_modules/knip': { version: development, dev: true } }
})

/** A repository with one commit of a package of one file, and its tools by link. */
function repository (t: TestContext): { folder: string, git: (...args: string[]) => string, commit: (files: Record<string, string>) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'bench-revision-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com', ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const commit = (files: Record<string, string>): void => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    git('add', 'lib', 'package.json', 'package-lock.json')
    git('commit', '--quiet', '--message', 'a commit')
  }
  git('init', '--quiet')
  mkdirSync(join(folder, 'lib'))
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'), 'dir')
  const tsconfig = { compilerOptions: { module: 'nodenext', target: 'es2022', rootDir: '..', outDir: '../dist', types: [] }, include: ['.'] }
  commit({ 'lib/tsconfig.json': JSON.stringify(tsconfig), 'package.json': '{"type":"module"}', 'package-lock.json': lock('1.0.0'), 'lib/index.ts': "export default 'first' as string\n" })
  return { folder, git, commit }
}

test('another revision is built apart, and removed', async (t) => {
  const { folder, git, commit } = repository(t)
  commit({ 'lib/index.ts': "export default 'second' as string\n", 'package-lock.json': lock('1.0.0', '2.0.0') })
  const { name, entry, remarks, remove } = await checkOut('HEAD~1', folder)
  assert.match(name, /^HEAD~1 [0-9a-f]{7}$/)
  assert.equal(((await import(entry)) as { default: string }).default, 'first')
  assert.match(readFileSync(join(folder, 'lib/index.ts'), 'utf8'), /second/)
  assert.deepEqual(remarks, [])
  remove()
  assert.ok(!existsSync(fileURLToPath(entry)))
  assert.equal(git('worktree', 'list').trim().split('\n').length, 1)
})

test('one that is not there, or is an option of git, leaves nothing', async (t) => {
  const { folder, git } = repository(t)
  await assert.rejects(checkOut('no-such-revision', folder), /no-such-revision/)
  await assert.rejects(checkOut('--help', folder), /--help/)
  assert.equal(git('worktree', 'list').trim().split('\n').length, 1)
})

test('one that cannot be built leaves nothing', async (t) => {
  const { folder, git, commit } = repository(t)
  commit({ 'lib/index.ts': 'export default 1 as string as\n' })
  await assert.rejects(checkOut('HEAD', folder), /tsc/)
  assert.equal(git('worktree', 'list').trim().split('\n').length, 1)
})

test('a run that is ended meanwhile does not wait until it is built, and leaves nothing', (t) => {
  const { folder, git } = repository(t)
  rmSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'node_modules/typescript/bin'), { recursive: true })
  // A compiler that comes to no end, and has the run ended more than once: as by Ctrl-C, which npm hears and passes on.
  const ender = "setInterval(() => process.kill(Number(process.argv[1]), 'SIGTERM'), 10)"
  const compiler = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(ender)}, process.ppid], { detached: true, stdio: 'ignore' })\nsetInterval(() => {}, 1000)\n`
  writeFileSync(join(folder, 'node_modules/typescript/bin/tsc'), compiler)
  const temporary = join(folder, 'temporary')
  mkdirSync(temporary)
  const args = ['--import', import.meta.resolve('ts-blank-space/register'), fileURLToPath(new URL('run.ts', import.meta.url)), '--compare', 'HEAD']
  const { signal } = spawnSync(process.execPath, args, { cwd: folder, env: { ...process.env, TMPDIR: temporary }, timeout: 30_000, killSignal: 'SIGKILL' })
  assert.notEqual(signal, 'SIGKILL')
  assert.deepEqual(readdirSync(temporary), [])
  assert.equal(git('worktree', 'list').trim().split('\n').length, 1)
})

test('where its dependencies were others and cannot be had, it is said', async (t) => {
  const { folder, commit } = repository(t)
  // No lock that npm would install from, whatever it has in its cache.
  commit({ 'package.json': '{"type":"module","dependencies":{"undici":"9.9.9"}}' })
  commit({ 'package-lock.json': lock('2.0.0') })
  const { remarks, remove } = await checkOut('HEAD~1', folder)
  remove()
  assert.match(remarks.join(), /it runs with the dependencies of the working tree/)
})
