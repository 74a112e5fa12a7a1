// A service whose authorization server nobody runs, and its metrics: npm run build && node --import ts-blank-space/register examples/metrics/start.ts
// Then: curl -s -H 'authorization: Bearer abc' http://127.0.0.1:3000/ ; curl -s http://127.0.0.1:9464/metrics

import { metrics } from '@opentelemetry/api'
import Fastify from 'fastify'
import boundToken from 'fastify-bound-token'
import { metricsOf } from './listener.ts'
import { observe } from './open-telemetry.ts'

const service = Fastify({ forceCloseConnections: true })
await service.register(boundToken, {
  certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] },
  binding: 'off', // So that curl sees the outage. Never in earnest.
  issuers: [{
    issuer: 'http://127.0.0.1:9',
    audience: 'https://api.example.test',
    introspection: { endpoint: 'http://127.0.0.1:9/introspect', clientAuth: { method: 'none', clientId: 'api' } },
    allowInsecureLoopback: true
  }]
})
service.get('/', async () => 'in')

// With an SDK that is registered, @opentelemetry/sdk-metrics for example, these go wherever it sends them; without one they do nothing.
const end = observe(metrics.getMeter('service'), service.boundToken)
const listener = metricsOf(service)
service.addHook('onClose', async () => {
  end()
  await listener.close()
})

console.log(await service.listen({ host: '127.0.0.1', port: 3000 }))
console.log(`${await listener.listen({ host: '127.0.0.1', port: 9464 })}/metrics`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { service.close().catch(console.error) })
