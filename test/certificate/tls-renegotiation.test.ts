import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { createCertificate } from './certificates.ts'
import { startGuardedApp } from './guarded-app.ts'

// OpenSSL 3 refuses renegotiation that a client begins, unless the server allows it. This one does: SSL_OP_ALLOW_CLIENT_RENEGOTIATION.
const secureOptions = 1 << 8

describe('TLS source: a second handshake on a connection', () => {
  it('89: ends it: a connection keeps the certificate that it was opened with', async () => {
    const client = await createCertificate({ name: 'a client' })
    const { pem: cert, key } = await createCertificate({ name: 'localhost' })
    const guarded = await startGuardedApp({
      certificate: { source: 'tls' },
      boundTo: client.thumbprint,
      server: { https: { cert, key, requestCert: true, rejectUnauthorized: false, maxVersion: 'TLSv1.2', secureOptions } }
    })
    const socket = connect({ port: guarded.port, host: '127.0.0.1', rejectUnauthorized: false, cert: client.pem, key: client.key })
    socket.on('error', () => {})
    try {
      await once(socket, 'secureConnect')
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a-token\r\n\r\n')
      const [answer] = await once(socket, 'data') as [Buffer]
      assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
      const end = new Promise<string>((resolve) => {
        socket.on('close', () => resolve('closed'))
        socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error === null ? 'renegotiated' : 'refused'))
      })
      assert.equal(await end, 'closed')
    } finally {
      socket.destroy()
      await guarded.close()
    }
  })
})
