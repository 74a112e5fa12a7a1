// Runs every test file on other versions of Node, which the npm package `node` brings.
import { spawnSync } from 'node:child_process'

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26']

for (const version of versions) {
  // Its binary comes by an install script, which .npmrc turns off.
  const npx = ['--yes', '--ignore-scripts=false', '--package', `node@${version}`, '--', 'node']
  const options = { encoding: 'utf8', shell: process.platform === 'win32' }
  const { stdout } = spawnSync('npx', [...npx, '--print', 'process.version'], options)
  if (!stdout.startsWith(`v${version}.`)) throw new Error(`asked for Node ${version}, got ${stdout.trim() || 'none'}`)
  console.log(`\n--- Node ${stdout.trim()} ---\n`)
  const { status } = spawnSync('npx', [...npx, 'test/run.js'], { ...options, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
