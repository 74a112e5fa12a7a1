import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

interface Import { readonly from: string, readonly to: string, readonly isType: boolean }

const files = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => join('lib', file))
const imports = files.flatMap(importsOf)

function importsOf (file: string): Import[] {
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (type )?[^'\n]*?from '([^']+)'|import\('([^']+)'\)|^import '([^']+)'/gm)
  return [...statements].map(([, type, named, dynamic, bare]) => {
    const target = (named ?? dynamic ?? bare) as string
    return { from: file, to: target.startsWith('.') ? normalize(join(dirname(file), target)) : target, isType: type !== undefined }
  })
}

const values = imports.filter(({ isType }) => !isType)
const show = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} -> ${to}`)

test('the imports are found at all', () => {
  assert.ok(files.length > 30)
  assert.ok(values.some(({ from, to }) => from === 'lib/plugin.ts' && to === 'lib/guard.ts'))
})

test('dependencies point one way: no cycles', () => {
  const next = new Map(files.map((file) => [file, values.filter(({ from }) => from === file).map(({ to }) => to)]))
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), [...path, file].join(' -> '))
    for (const to of next.get(file) ?? []) visit(to, [...path, file])
  }
  visit('lib/index.ts', [])
  visit('lib/cli.ts', [])
  visit('lib/certification-path/index.ts', [])
  visit('lib/certification-path/revocation/index.ts', [])
})

test('only plugin, upstream and gateway load packages of Fastify; errors has its error classes from one', () => {
  const fastify = values.filter(({ to }) => /^(@fastify\/|fastify)/.test(to))
  const allowed = ['lib/plugin.ts -> fastify-plugin', 'lib/errors.ts -> @fastify/error', 'lib/upstream/reply-from.ts -> @fastify/reply-from',
    'lib/gateway/configuration.ts -> fastify', 'lib/gateway/log.ts -> fastify']
  assert.deepEqual(show(fastify).sort(), allowed.sort())
})

test('certificate, token, cache, feed, confirmation, upstream and probe do not import one another', () => {
  const areas = ['certificate', 'token', 'cache', 'feed', 'confirmation', 'upstream', 'probe']
  const areaOf = (file: string): string | undefined => areas.find((area) => file.startsWith(`lib/${area}/`))
  const across = values.filter(({ from, to }) => areaOf(from) !== undefined && areaOf(to) !== undefined && areaOf(from) !== areaOf(to))
  // The upstream drops the headers that the presets read; the echo tells a placeholder from what else a proxy writes; the command
  // takes the names of presets and formats.
  assert.deepEqual(show(across).sort(), [
    'lib/probe/arguments.ts -> lib/certificate/formats.ts',
    'lib/probe/arguments.ts -> lib/certificate/presets.ts',
    'lib/probe/echo.ts -> lib/certificate/placeholder.ts',
    'lib/upstream/rewrite.ts -> lib/certificate/presets.ts'
  ])
})

test('the side of the command and that of the application meet in what goes over the wire', () => {
  const wire = ['lib/probe/wire.ts', 'lib/probe/echo-schema.ts']
  const reachedFrom = (file: string): string[] => {
    const reached = new Set([file])
    for (const from of reached) for (const { to } of values.filter((each) => each.from === from && each.to.startsWith('lib/probe/'))) reached.add(to)
    return [...reached].filter((each) => each.startsWith('lib/probe/') && !wire.includes(each))
  }
  const application = new Set(['lib/plugin.ts', 'lib/registration.ts'].flatMap(reachedFrom))
  assert.deepEqual(reachedFrom('lib/cli.ts').filter((each) => application.has(each)), [])
  assert.ok(application.has('lib/probe/hook.ts') && reachedFrom('lib/cli.ts').includes('lib/probe/shapes.ts'))
})

test('certification-path could be a package of its own: it imports nothing but itself and Node, and undici where it asks the network', () => {
  const own = imports.filter(({ from }) => from.startsWith('lib/certification-path/'))
  assert.ok(own.length > 30)
  const foreign = own.filter(({ to }) => !to.startsWith('lib/certification-path/') && !to.startsWith('node:'))
  assert.deepEqual(show(foreign), ['lib/certification-path/revocation/download.ts -> undici'])
})

test('paths are validated without revocation, which only builds on it', () => {
  const inwards = imports.filter(({ from, to }) => to.startsWith('lib/certification-path/revocation/') && !from.startsWith('lib/certification-path/revocation/'))
  assert.deepEqual(show(inwards.filter(({ from }) => from.startsWith('lib/certification-path/'))), [])
})

test('nothing below the plugin knows the plugin or the guard', () => {
  const upwards = values.filter(({ from, to }) => /lib\/(plugin|guard|polic(?:y|ies)|registration)\.ts/.test(to) && !/lib\/(index|plugin|guard|polic(?:y|ies)|registration)\.ts/.test(from))
  // The command runs the plugin as any application does.
  assert.deepEqual(show(upwards), ['lib/gateway/configuration.ts -> lib/plugin.ts'])
})

test('of the gateway, the plugin knows the routes; the rest is the command\'s', () => {
  const inwards = values.filter(({ from, to }) => to.startsWith('lib/gateway/') && !from.startsWith('lib/gateway/'))
  assert.deepEqual(show(inwards.filter(({ from }) => from !== 'lib/cli.ts')), ['lib/plugin.ts -> lib/gateway/routes.ts'])
  assert.deepEqual(show(values.filter(({ from, to }) => from.startsWith('lib/gateway/') && to === 'lib/gateway/routes.ts')), [])
})

test('types import nothing from lib', () => {
  const fromLib = readdirSync('types').filter((file) => !file.endsWith('.tst.ts')).filter((file) => readFileSync(join('types', file), 'utf8').includes("from '../lib"))
  assert.deepEqual(fromLib, [])
})

test('one idea a file: none is longer than 200 lines but the list of the options', () => {
  const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 200)
  assert.deepEqual(long, ['lib/options.ts'])
})
