import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'jsonc-parser'
import { examples } from '../../examples/shared/examples.ts'

test('every folder with a gateway file is an example, with a page and a story that is tested', () => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const withFile = folders.filter((folder) => readdirSync(join('examples', folder)).some((file) => /^gateway.*\.json$/.test(file)))
  assert.deepEqual(withFile.sort(), Object.keys(examples).sort())
  const tested = readdirSync('test/examples')
  const list = readFileSync('examples/README.md', 'utf8')
  for (const name of withFile) {
    assert.ok(readFileSync(join('examples', name, 'README.md'), 'utf8').includes(`npm run example ${name}\n`), name)
    assert.ok(list.includes(`](${name}/)`), name)
    assert.ok(tested.includes(`${name}.test.ts`), name)
  }
})

test('editors find the schema of every gateway file, and nothing wrong by it', () => {
  for (const name of Object.keys(examples)) {
    const { $schema, ...file } = parse(readFileSync(join('examples', name, 'gateway.json'), 'utf8')) as { $schema: string }
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(join('examples', name, $schema), 'utf8')) as object)
    assert.equal(validate(file), true, `${name}: ${JSON.stringify(validate.errors)}`)
  }
})

test('no two examples name one port', () => {
  const named = Object.values(examples).flatMap(({ ports }) => Object.values(ports))
  assert.equal(new Set(named).size, named.length)
})
