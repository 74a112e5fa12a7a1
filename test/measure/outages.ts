// How long a client waits for its answer when something is wrong with the authorization server: the first one, and the tenth, when
// the breaker has opened or has not.
//
//   node --import ts-blank-space/register test/measure/outages.ts
import Fastify from 'fastify'
import { createPki } from '../../examples/demo/pki.ts'
import boundToken from '../../lib/index.ts'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { faults, type Fault } from '../doubles/faults.ts'
import { by, optionsFor, owner } from '../guard/protected-app.ts'

const timeout = 1000
const repetitions = 5
const pki = await createPki()

/** Milliseconds to the first answer, and to the tenth. */
async function measure (name: string, { behaviour, status }: Fault): Promise<[first: number, tenth: number, calls: number]> {
  const server = await startDouble(behaviour ?? json({}), name.includes('certificate') ? { cert: pki.server.certificate, key: pki.server.key } : undefined)
  const { issuers: [issuer], ...others } = optionsFor(server.origin)
  if (issuer?.introspection === undefined) throw new TypeError('options without introspection')
  if (behaviour === null && !name.includes('certificate')) await server.close()
  const app = Fastify()
  await app.register(boundToken, { ...others, issuers: [{ ...issuer, introspection: { ...issuer.introspection, timeout } }] })
  app.get('/', async () => 'in')
  await app.ready()
  const times: number[] = []
  for (let n = 0; n < 10; n++) {
    const startedAt = performance.now()
    const { statusCode } = await app.inject({ url: '/', headers: by(owner, `token-${n}`) })
    times.push(performance.now() - startedAt)
    if (statusCode !== status) throw new Error(`${name}: ${statusCode} instead of ${status}`)
  }
  const calls = app.boundToken.stats().issuers[0]?.introspection?.calls ?? NaN
  await app.close()
  await server.close()
  return [times[0] as number, times[9] as number, calls]
}

console.log(`time limit ${timeout} ms; medians of ${repetitions}, in milliseconds\n`)
console.log('| the authorization server | answer | first token | tenth token | calls for ten |\n| --- | --- | --- | --- | --- |')
for (const [name, fault] of Object.entries(faults)) {
  const runs: Array<[number, number, number]> = []
  for (let n = 0; n < repetitions; n++) runs.push(await measure(name, fault))
  const median = (index: 0 | 1 | 2): number => runs.map((run) => run[index]).toSorted((a, b) => a - b)[Math.floor(repetitions / 2)] as number
  console.log(`| ${name} | ${fault.status} | ${median(0).toFixed(0)} | ${median(1).toFixed(1)} | ${median(2)} |`)
}
