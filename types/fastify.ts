import type { AccessToken } from './access-token.ts'
import type { BoundToken } from './bound-token.ts'
import type { ClientCertificate } from './client-certificate.ts'
import type { BoundTokenRouteOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What this route demands of access tokens; `false` makes it public. Replaces the plugin's options one by one. */
    boundToken?: BoundTokenRouteOptions | false
  }

  interface FastifyRequest {
    /** The verified access token; null before the guard has passed, on public routes, and in report mode. */
    accessToken: AccessToken | null
    /** The client certificate; null where none was presented or read, on public routes, and in report mode. */
    clientCertificate: ClientCertificate | null
  }

  interface FastifyInstance {
    boundToken: BoundToken
  }
}
