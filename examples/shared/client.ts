import type { AuthorizationServer } from '../demo/authorization-server.ts'
import type { KeyPairPem } from '../demo/pki.ts'
import { requestToken, type Credentials } from '../demo/request.ts'

/** An access token by client_credentials: from the authorization server itself, over mutual TLS where the client has a certificate. */
export async function tokenFor (authorizationServer: AuthorizationServer, clientId: string, credentials: Credentials, scope: string): Promise<string> {
  return (await requestToken({ authorizationServer, clientId, credentials, scope })).access_token
}

/** What a client sends: its certificate in the handshake, the token in the header. */
export function by (client: KeyPairPem | null, token: string, headers: Readonly<Record<string, string>> = {}) {
  return {
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...client !== null && { certificate: client.certificate, key: client.key }
  }
}
