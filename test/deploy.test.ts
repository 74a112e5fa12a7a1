import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readGatewayFile } from '../lib/gateway/file.ts'
import { fileOf, folderOf } from './gateway/gateway-file.ts'

const folder = 'examples/deploy'
const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string, version: string, bin: Record<string, string>, peerDependencies: Record<string, string>, engines: { node: string } }
const [bin = ''] = Object.keys(packageJson.bin)

const unit = readFileSync(join(folder, `${bin}.service`), 'utf8')
const settings = unit.split('\n').flatMap((line) => /^([A-Z]\w*)=(.*)$/.exec(line)?.slice(1, 3) as [string, string] | undefined ?? [])
const valuesOf = (name: string): string[] => settings.flatMap((each, index) => index % 2 === 0 && each === name ? [settings[index + 1] as string] : [])

const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8')
const instructions = dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => /^([A-Z]+) (.*)$/.exec(line)?.slice(1, 3) as [string, string])
const argumentsOf = (name: string): string[] => instructions.flatMap(([each, rest]) => each === name ? [rest] : [])

const fileAt = async (name: string): ReturnType<typeof readGatewayFile> => await readGatewayFile(join(folder, name))

test('the files are right', async () => {
  for (const name of ['container.json', 'systemd.json']) assert.equal((await fileAt(name)).options.routes.length, 1)
})

test('the unit runs the command, checks before it reloads, and is not restarted with a wrong configuration', () => {
  const file = '/etc/fastify-bound-token/gateway.json'
  const command = `/opt/fastify-bound-token/node_modules/.bin/${bin}`
  assert.deepEqual(valuesOf('ExecStart'), [`${command} ${file}`])
  assert.deepEqual(valuesOf('ExecReload'), [`${command} --check ${file}`, '/bin/kill -HUP $MAINPID'])
  assert.deepEqual([valuesOf('Restart'), valuesOf('RestartPreventExitStatus')], [['on-failure'], ['2']])
})

test('the unit gives the secret that the file reads, the folder of its socket, and time to end', async () => {
  const { server, issuers } = (await fileAt('systemd.json')).options
  const [, credential] = /^([\w-]+):\//.exec(valuesOf('LoadCredential')[0] as string) ?? []
  assert.deepEqual(issuers[0]?.introspection?.clientAuth.clientSecret, { file: `/run/credentials/${bin}.service/${credential}` })
  assert.equal(server?.unix, `/run/${valuesOf('RuntimeDirectory')[0]}/gateway.sock`)
  assert.ok(Number(valuesOf('TimeoutStopSec')[0]) * 1000 > (server?.shutdown?.delay ?? 0) + (server?.shutdown?.timeout ?? 30_000))
})

test('systemd finds nothing wrong with the unit', { skip: spawnSync('systemd-analyze', ['--version']).status !== 0 && 'needs systemd-analyze' }, (t) => {
  const command = fileOf(t, bin, '#!/bin/sh\n')
  execFileSync('chmod', ['+x', command])
  const path = join(folderOf(t), `${bin}.service`)
  writeFileSync(path, unit.replaceAll(`/opt/fastify-bound-token/node_modules/.bin/${bin}`, command))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
  assert.deepEqual([status, stderr.split('\n').filter((line) => line.includes(`${bin}.service`))], [0, []])
})

test('the image runs the command without a shell between, and not as root', () => {
  assert.deepEqual(argumentsOf('ENTRYPOINT').map((exec) => JSON.parse(exec) as unknown), [[`node_modules/.bin/${bin}`]])
  assert.deepEqual(argumentsOf('CMD').map((exec) => JSON.parse(exec) as unknown), [['gateway.json']])
  assert.deepEqual([argumentsOf('USER'), argumentsOf('STOPSIGNAL')], [['node'], ['SIGTERM']])
  const [major] = /\d+/.exec(argumentsOf('FROM')[0] as string) ?? []
  assert.ok(packageJson.engines.node.includes(`>=${major}.`))
  assert.ok(argumentsOf('FROM').every((image) => image.startsWith(`node:${major}-slim`)))
  for (const copied of argumentsOf('COPY').filter((each) => !each.startsWith('--from'))) assert.ok(existsSync(join(folder, copied.split(' ')[0] as string)), copied)
})

test('the image asks for the readiness that its file offers, and opens its port', async () => {
  const { server } = (await fileAt('container.json')).options
  assert.deepEqual(argumentsOf('EXPOSE'), [String(server?.port)])
  const [health = ''] = argumentsOf('HEALTHCHECK')
  assert.ok(health.includes(`http://127.0.0.1:${server?.health?.port}${server?.health?.readiness}'`))
  const check = JSON.parse(health.slice(health.indexOf('['))) as string[]
  assert.equal(spawnSync(process.execPath, [...check.slice(1, 2), (check[2] as string).replace(':9000', ':1')]).status, 1)
  assert.match(check[2] as string, /process\.exit\(ok \? 0 : 1\)/)
})

test('the image has the packages that the command needs', () => {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  assert.deepEqual(dependencies, { ...packageJson.peerDependencies, [packageJson.name]: `^${packageJson.version}` })
})
