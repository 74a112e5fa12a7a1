// Puts everything of the demo on its feet: authorization server, service, upstream, TLS front, and the two clients.

import { createServer } from 'node:http'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { startAuthorizationServer } from './authorization-server.ts'
import { findNginx, startNginxFront } from './front-nginx.ts'
import { startNodeFront } from './front-node.ts'
import { listen } from './listen.ts'
import { createClientCertificate, createPki } from './pki.ts'
import type { ClientCertificate } from './pki.ts'
import { createService } from './service.ts'

export type Stage = Awaited<ReturnType<typeof setStage>>

export interface StageOptions {
  /** Which front to start; nginx where it is installed. */
  readonly front?: 'nginx' | 'node'
  /** More certificates that the partner may show. */
  readonly moreCertificates?: readonly ClientCertificate[]
}

export async function setStage ({ front: kind = findNginx() === null ? 'node' : 'nginx', moreCertificates = [] }: StageOptions = {}) {
  // Only its owner may enter: that is what makes the socket in it worth trusting.
  const directory = await mkdtemp(join(tmpdir(), 'bound-token-'))
  await chmod(directory, 0o700)
  const socketPath = join(directory, 'service.sock')

  const pki = await createPki()
  const partner = await createClientCertificate('partner')
  const thief = await createClientCertificate('thief')
  const clientSecret = 'kept by the service: a+b%c'
  const unboundSecret = 'a client without certificate'
  const authorizationServer = await startAuthorizationServer({
    pki,
    tokenLifetime: 3600,
    clients: [
      { clientId: 'partner', scope: 'accounts payments', certificates: [partner, ...moreCertificates] },
      { clientId: 'unbound', scope: 'accounts', secret: unboundSecret },
      { clientId: 'api', secret: clientSecret, mayIntrospect: true }
    ]
  })

  const upstream = Fastify({ forceCloseConnections: true })
  upstream.get('/ledger', async ({ headers }) => ({
    client: headers['x-client-id'], thumbprint: headers['x-client-thumbprint'], authorization: headers.authorization ?? 'not sent on'
  }))
  const upstreamUrl = await upstream.listen({ host: '127.0.0.1', port: 0 })

  const service = await createService({
    issuer: authorizationServer.issuer,
    introspectionEndpoint: authorizationServer.introspectionEndpoint,
    clientId: 'api',
    clientSecret,
    ca: authorizationServer.ca,
    upstreamUrl
  })
  await service.listen({ path: socketPath })
  // A second door, as somebody inside the network would find it: the same service on a plain port.
  const plainDoor = await listen(createServer((request, response) => service.routing(request, response)))

  const front = kind === 'nginx'
    ? await startNginxFront({ directory, pki, target: { socketPath } })
    : await startNodeFront({ pki, target: { socketPath } })

  await Promise.all([
    writeFile(join(directory, 'ca.pem'), pki.ca),
    ...Object.entries({ partner, thief }).flatMap(([name, { certificate, key }]) => [
      writeFile(join(directory, `${name}.pem`), certificate),
      writeFile(join(directory, `${name}.key`), key, { mode: 0o600 }),
      writeFile(join(directory, `${name}.escaped`), encodeURIComponent(certificate))
    ])
  ])

  return {
    directory,
    ca: pki.ca,
    partner,
    thief,
    unboundSecret,
    authorizationServer,
    service,
    front,
    plainUrl: `http://127.0.0.1:${plainDoor.port}`,
    async close () {
      await front.close()
      await plainDoor.close()
      await Promise.all([service.close(), upstream.close(), authorizationServer.close()])
      await rm(directory, { recursive: true, force: true })
    }
  }
}
