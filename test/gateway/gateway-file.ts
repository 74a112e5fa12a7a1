import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** An empty folder for one test. */
export function folderOf (t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a file of that name in a folder of its own, and gives its path. */
export function fileOf (t: TestContext, name: string, content: string | Uint8Array | object): string {
  const path = join(folderOf(t), name)
  writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content, null, 2))
  return path
}

/** A whole gateway file that is right, with what a test wants otherwise. */
export function gatewayOptions (changes: object = {}): Record<string, unknown> {
  return {
    certificate: { preset: 'nginx', trustedProxies: ['127.0.0.1'] },
    issuers: [{
      issuer: 'https://login.example.test',
      audience: 'https://api.example.test',
      introspection: { endpoint: 'https://login.example.test/introspect', clientAuth: { method: 'client_secret_basic', clientId: 'api', clientSecret: { env: 'PATH' } } }
    }],
    routes: [{ url: '/health', public: true, respond: { body: 'ok' } }],
    ...changes
  }
}
