// Starts one application, lets it answer one request, and says in the last line on stdout how long that took and what was loaded:
//
//   node test/cold-start.js '{ "plugin": …, "options": …, "headers": …, "isWatched": … }'
//   node test/cold-start.js '{ "command": "lib/cli.ts", "args": ["--version"], "isWatched": true }'

import { once } from 'node:events'
import { get } from 'node:http'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { watchLoading } from './loaded-files.js'

const { plugin, options, headers = {}, isWatched, command, args } = JSON.parse(process.argv[2])
const loaded = isWatched ? watchLoading() : () => []

if (command === undefined) await startApplication()
else await startCommand()

async function startApplication () {
  const times = {}
  const begun = { at: performance.now(), cpu: process.cpuUsage() }
  let before = begun.at
  const lap = (name) => {
    times[name] = performance.now() - before
    before = performance.now()
  }
  const { default: Fastify } = await import('fastify')
  lap('fastify')
  const boundToken = plugin === undefined ? undefined : (await import(pathToFileURL(resolve(plugin)).href)).default
  lap('plugin')
  const app = Fastify()
  if (boundToken !== undefined) await app.register(boundToken, options)
  if (options?.routes === undefined) app.get('/accounts', async () => ({ accounts: [] }))
  await app.ready()
  lap('ready')
  await app.listen({ host: '127.0.0.1', port: 0 })
  before = performance.now()
  const status = await statusOf(app.server.address().port)
  lap('request')
  const { user, system } = process.cpuUsage(begun.cpu)
  const told = { status, times: { ...times, all: performance.now() - begun.at, cpu: (user + system) / 1000 }, rss: process.memoryUsage.rss(), loaded: loaded() }
  process.stdout.write(`\n${JSON.stringify(told)}\n`)
  await app.close()
}

async function statusOf (port) {
  const [response] = await once(get({ port, host: '127.0.0.1', path: '/accounts', headers }), 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

async function startCommand () {
  process.argv.splice(1, Infinity, command, ...args)
  process.on('exit', () => process.stdout.write(`\n${JSON.stringify({ loaded: loaded() })}\n`))
  await import(pathToFileURL(resolve(command)).href)
}
