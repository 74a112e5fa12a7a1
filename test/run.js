// Runs every test file: with type stripping of Node's own where it has it, else with ts-blank-space (the same positions).
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
const stripsTypes = major > 22 || (major === 22 && minor >= 18)
const only = process.argv.slice(2)
const files = readdirSync('test', { recursive: true })
  .map((file) => `test/${file}`.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.test.ts') && (only.length === 0 || only.some((part) => file.includes(part))))
  .sort()
const loader = stripsTypes ? ['--disable-warning=ExperimentalWarning'] : ['--import', 'ts-blank-space/register']
const reporters = ['tap', './test/failed-tests.js'].flatMap((reporter) => [`--test-reporter=${reporter}`, '--test-reporter-destination=stdout'])
const { status } = spawnSync(process.execPath, [...loader, '--test', '--test-timeout=120000', ...reporters, ...files], { stdio: 'inherit' })
process.exit(status ?? 1)
