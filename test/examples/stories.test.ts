import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'jsonc-parser'
import { examples } from '../../examples/shared/examples.ts'
import { checkFile } from '../../examples/shared/gateway.ts'
import { findProgram } from '../../examples/shared/program.ts'
import { playExample } from '../../examples/shared/run.ts'
import { requires } from '../e2e/requires.ts'
import { copyFiles } from './elsewhere.ts'

// Each example as its readers start it: with its own files, and the gateway as a process (`npm run build` makes its command).

// A test runner that loses its patience; gateway and proxy end with this process.
process.on('SIGTERM', () => process.exit(143))

test('every folder with a gateway file is an example', () => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const withFile = folders.filter((folder) => readdirSync(join('examples', folder)).some((file) => /^gateway.*\.json$/.test(file)))
  assert.deepEqual(withFile.sort(), Object.keys(examples).sort())
})

test('editors find the schema of every gateway file, and nothing wrong by it', async () => {
  for (const name of Object.keys(examples)) {
    const { $schema, ...file } = parse(readFileSync(join('examples', name, 'gateway.json'), 'utf8')) as { $schema: string }
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(join('examples', name, $schema), 'utf8')) as object)
    assert.equal(validate(file), true, `${name}: ${JSON.stringify(validate.errors)}`)
  }
})

for (const [name, example] of Object.entries(examples)) {
  const programs = ['nginx', 'haproxy'].filter((program) => example.files.some((file) => file.startsWith(program)))
  for (const withoutPrograms of programs.length > 0 ? [false, true] : [true]) {
    const options = withoutPrograms ? {} : requires(Object.fromEntries(programs.map((program) => [program, findProgram(program)])))
    test(`${name}${programs.length > 0 ? ` with ${withoutPrograms ? 'a stand-in for ' : ''}${programs.join(' and ')}` : ''}`, options, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'bound-token-example-'))
      const ends: Array<() => Promise<unknown>> = [() => rm(folder, { recursive: true })]
      t.after(async () => { for (const end of ends) await end() })
      const ports = await copyFiles(example, join('examples', name), folder)
      const played = await playExample(example, { folder, ports, withoutPrograms })
      ends.unshift(played.close)

      assert.ok(played.rows.length >= 8)
      for (const { title, expected, actual } of played.rows) await t.test(title, () => assert.equal(actual, expected))
      assert.equal(played.remarks.length, withoutPrograms ? programs.length : 0)

      await t.test('--check', async () => {
        assert.deepEqual(await checkFile(join(folder, 'gateway.json'), played.environment), { code: 0, complaint: '' })
      })
    })
  }
}
