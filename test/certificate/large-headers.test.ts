import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { startGuardedApp, type GuardedAppOptions } from './guarded-app.ts'
import type { FieldLine } from './inbound.ts'
import { oddKeys } from './odd-certificates.ts'
import { rawExchange, requestText } from './raw-exchange.ts'

// The largest that come: signatures of ML-DSA are 3.3 KB each, and the keys 2 KB.
const large = oddKeys['ML-DSA-65'] as Buffer
const chainOf = (length: number): FieldLine => ['X-Forwarded-Tls-Client-Cert', Array.from({ length }, () => large.toString('base64')).join(',')]

test('S-14, 106: four large certificates in one header need maxHeaderSize and maxBytes, and pass with what the README says', async (t) => {
  const statusOf = async (chain: FieldLine, server: GuardedAppOptions['server'], maxBytes?: number): Promise<number> => {
    const guarded = await startGuardedApp({
      certificate: { preset: 'traefik', trustedProxies: ['127.0.0.1'], ...maxBytes !== undefined && { maxBytes } },
      boundTo: createHash('sha256').update(large).digest('base64url'),
      ...server !== undefined && { server }
    })
    t.after(() => guarded.close())
    return (await rawExchange({ port: guarded.port }, requestText('/', [['Authorization', 'Bearer a'], chain]))).status
  }
  assert.ok((chainOf(4)[1]).length > 28_000)
  const asInReadme = { http: { maxHeaderSize: 32_768 } }
  assert.equal(await statusOf(chainOf(2), undefined), 200)
  assert.equal(await statusOf(chainOf(4), undefined), 431)
  assert.equal(await statusOf(chainOf(4), asInReadme), 401, 'larger than maxBytes')
  assert.equal(await statusOf(chainOf(4), asInReadme, 32_768), 200)
})
