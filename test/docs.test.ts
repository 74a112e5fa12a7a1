import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { answers, reasons } from '../lib/errors.ts'
import { clientAuthMethods } from '../lib/token/client-auth.ts'
import { defaultLimits, pathFaults } from '../lib/certification-path/index.ts'
import { chart } from './bench/chart.ts'
import type { Result } from './bench/result.ts'
import { tables } from './docs/render-tables.ts'
import { renderTypes } from './docs/render-types.ts'

// `npm run docs` writes what these tests compare.
const isUpdate = process.env['UPDATE'] === '1'

test('types/options.ts is what lib/options.ts says', () => {
  if (isUpdate) writeFileSync('types/options.ts', renderTypes())
  assert.equal(readFileSync('types/options.ts', 'utf8'), renderTypes())
})

for (const [name, render] of Object.entries(tables)) {
  test(`the table ${name} of the README is current`, () => {
    const place = new RegExp(`(<!-- ${name} -->\n)([^]*?)(\n<!-- /${name} -->)`)
    const readme = readFileSync('README.md', 'utf8')
    assert.match(readme, place)
    if (isUpdate) writeFileSync('README.md', readme.replace(place, (_all, start, _old, end) => `${start}${render()}${end}`))
    assert.equal(place.exec(readFileSync('README.md', 'utf8'))?.[2], render())
  })
}

test('every generated part of the README has its renderer', () => {
  const named = [...readFileSync('README.md', 'utf8').matchAll(/^<!-- (?!\/)(\S+) -->$/gm)].map(([, name]) => name)
  assert.deepEqual(named.sort(), Object.keys(tables).sort())
})

test('test/bench/ratios.svg is what test/bench/results.json says', () => {
  const drawn = chart(JSON.parse(readFileSync('test/bench/results.json', 'utf8')) as Result)
  if (isUpdate) writeFileSync('test/bench/ratios.svg', drawn)
  assert.equal(readFileSync('test/bench/ratios.svg', 'utf8'), drawn)
})

test('every reason is asserted by some test', () => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts') && !file.endsWith('docs.test.ts'))
    .map((file) => readFileSync(`test/${file}`, 'utf8')).join('')
  assert.deepEqual(Object.keys(reasons).filter((reason) => !tests.includes(`'${reason}'`)), [])
})

test('the page of the certification path names every fault and limit', () => {
  const page = readFileSync('lib/certification-path/README.md', 'utf8')
  for (const [fault, meaning] of Object.entries(pathFaults)) assert.ok(page.includes(`| \`${fault}\` | ${meaning} |`), fault)
  for (const [limit, value] of Object.entries(defaultLimits)) assert.ok(page.includes(`| \`${limit}\` | ${value} |`), limit)
})

test('every code and reason that the documents name exists', () => {
  const documents = ['README.md', 'SECURITY.md', 'CHANGELOG.md'].map((file) => readFileSync(file, 'utf8')).join('\n')
  const codes = Object.values(answers).map(({ code }) => code as string).concat('FST_BOUND_TOKEN_OPTIONS', 'FST_BOUND_TOKEN_ALREADY_REGISTERED', 'FST_BOUND_TOKEN_NOT_JUDGED')
  for (const [named] of documents.matchAll(/FST_BOUND_TOKEN_[A-Z_]+[A-Z]/g)) assert.ok(codes.includes(named), named)
  for (const code of codes) assert.ok(documents.includes(code), `${code} is not documented`)
  for (const [, named] of documents.matchAll(/`((?:token|certificate|binding|issuer|scope|upstream|client)_[a-z_]+)`/g)) {
    assert.ok(named !== undefined && (named in reasons || named in clientAuthMethods || /^(client_id|token_type(_hint)?|token_introspection)$/.test(named)), named)
  }
})
