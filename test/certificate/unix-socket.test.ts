import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { trustedPeers } from '../../lib/certificate/trusted-proxy.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { startGuardedApp, type GuardedApp } from './guarded-app.ts'
import { rawExchange, requestText, type RawResponse } from './raw-exchange.ts'
import { rfc9440 } from './vectors.ts'

const request = requestText('/', [['Authorization', 'Bearer a-token'], ['Client-Cert', rfc9440['Client-Cert']]])
const trusting = (...trustedProxies: string[]): CertificateOptions => ({ preset: 'rfc9440', trustedProxies })

/** Answers one request at a unix socket, or on TCP; says also why it was refused. */
async function visit (certificate: CertificateOptions, isUnix: boolean): Promise<RawResponse & { reason: string | null | undefined, calls: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'bound-token-'))
  const path = join(folder, 'http.sock')
  let guarded: GuardedApp | undefined
  try {
    guarded = await startGuardedApp({ certificate, boundTo: rfc9440['x5t#S256'], ...isUnix ? { listenAt: { path } } : {} })
    const response = await rawExchange(isUnix ? { path } : { port: guarded.port }, request)
    return { ...response, reason: guarded.decisions.at(-1)?.reason, calls: guarded.asked().length }
  } finally {
    await guarded?.close()
    await rm(folder, { recursive: true })
  }
}

describe('a proxy at a unix socket', () => {
  it('is trusted by the entry "unix"', async () => {
    const { status, reason, calls } = await visit(trusting('unix'), true)
    assert.deepEqual({ status, reason, calls }, { status: 200, reason: null, calls: 1 })
  })

  it('S-1: is not trusted by addresses, loopback included', async () => {
    const { status, reason, calls } = await visit(trusting('127.0.0.1', '::1', '10.0.0.0/8', 'fc00::/7'), true)
    assert.deepEqual({ status, reason, calls }, { status: 401, reason: 'certificate_source_untrusted', calls: 0 })
  })

  it('S-1: the entry "unix" trusts nobody on TCP', async () => {
    const { status, reason, calls } = await visit(trusting('unix'), false)
    assert.deepEqual({ status, reason, calls }, { status: 401, reason: 'certificate_source_untrusted', calls: 0 })
  })
})

describe('a socket without an address', () => {
  it('S-1: one on TCP that was closed in between does not pass for a unix socket', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [socket] = await once(server, 'connection') as [Socket]
    try {
      socket.destroy()
      await once(socket, 'close')
      assert.equal(socket.remoteAddress, undefined)
      assert.equal(trustedPeers(['unix', '127.0.0.1'], 'trustedProxies').isTrusted(socket, undefined), false)
    } finally {
      client.destroy()
      server.close()
    }
  })

  it('nor does one that belongs to no server', () => {
    assert.equal(trustedPeers(['unix'], 'trustedProxies').isTrusted({ remoteAddress: undefined } as Socket, undefined), false)
    assert.equal(trustedPeers(['unix'], 'trustedProxies').isTrusted({ remoteAddress: undefined, server: { address: () => null } } as unknown as Socket, undefined), false)
  })
})
