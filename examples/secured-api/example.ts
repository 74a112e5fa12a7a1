import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startAuthorizationServer } from '../demo/authorization-server.ts'
import { createClientCertificate, createPki } from '../demo/pki.ts'
import { request } from '../demo/request.ts'
import { by, tokenFor } from '../shared/client.ts'
import type { Example } from '../shared/example.ts'
import { curlAs, filesOfClients, filesOfProxy, writeFiles } from '../shared/files.ts'
import { startProxy } from '../shared/proxy.ts'
import { createSigningKey } from '../shared/signing-key.ts'
import { createApi } from './api.ts'
import { phantomTokens } from './phantom-tokens.ts'

export const securedApi: Example = {
  ports: { proxy: 18500, authorizationServer: 18502, api: 18503 },
  files: ['gateway.json', 'nginx.conf'],

  async setUp (place) {
    const pki = await createPki()
    const [partner, renewed, competitor, foreign] = await Promise.all([
      createClientCertificate('partner', { issuer: pki }),
      createClientCertificate('partner', { issuer: pki }),
      createClientCertificate('competitor', { issuer: pki }),
      createClientCertificate('partner')
    ])
    const clientSecret = randomBytes(32).toString('base64url')
    await writeFiles(place, { ...filesOfProxy(pki), ...filesOfClients({ partner, renewed, competitor, foreign }), 'client-secret': clientSecret })

    const signingKey = createSigningKey('PS256')
    const authorizationServer = await startAuthorizationServer({
      pki,
      port: place.port('authorizationServer'),
      tokenLifetime: 3600,
      signingKeys: [signingKey],
      claims: { purpose: 'access_token' },
      middleware: phantomTokens(signingKey),
      clients: [
        { clientId: 'partner-client', scope: 'transactions other', subject: 'CN=partner' },
        { clientId: 'competitor-client', scope: 'transactions', subject: 'CN=competitor' },
        { clientId: 'introspect-client', secret: clientSecret, mayIntrospect: true }
      ]
    })
    place.onEnd(authorizationServer.close)

    const api = createApi({ issuer: authorizationServer.issuer, audience: 'https://api.example.test', jwksUri: `${authorizationServer.issuer}/jwks`, ca: pki.ca })
    const apiUrl = await api.listen({ host: '127.0.0.1', port: place.port('api') })
    place.onEnd(() => api.close())

    const proxy = await startProxy('nginx', place, { pki, target: { socketPath: join(place.run, 'gateway.sock') }, onlyFrom: pki.ca })
    const token = async (scope = 'transactions') => await tokenFor(authorizationServer, 'partner-client', partner, scope)
    const path = '/api/transactions'

    return {
      async acts ({ outcome }) {
        const [good, other] = [await token(), await token('other')]
        const competitors = await tokenFor(authorizationServer, 'competitor-client', competitor, 'transactions')
        const through = { url: proxy + path, ca: pki.ca, method: 'POST' }
        const forged = { 'x-ssl-cert': encodeURIComponent(partner.certificate), 'x-ssl-verify': 'SUCCESS' }
        // What nginx answers itself never gets to the gateway.
        const status = async (options: Parameters<typeof request>[0]): Promise<string> => String((await request(options)).status)
        return [
          { title: 'the certificate that the token is bound to', expected: '201', play: () => outcome({ ...through, ...by(partner, good) }) },
          { title: 'what the API reads in the JWT', expected: '{"client":"partner-client"}', play: async () => (await request({ ...through, ...by(partner, good) })).body },
          { title: 'how often the authorization server was asked for both', expected: '1', play: async () => String(authorizationServer.introspectionCount()) },
          { title: 'the opaque token straight to the API', expected: '401', play: () => status({ url: apiUrl + path, method: 'POST', ...by(null, good) }) },
          { title: 'no certificate: nginx refuses', expected: '400', play: () => status({ ...through, ...by(null, good) }) },
          { title: 'the same name from a foreign authority: nginx refuses', expected: '400', play: () => status({ ...through, ...by(foreign, good) }) },
          { title: 'stolen token, another company\'s certificate', expected: '401 certificate_not_allowed', play: () => outcome({ ...through, ...by(competitor, good) }) },
          { title: 'another company with a token of its own', expected: '401 certificate_not_allowed', play: () => outcome({ ...through, ...by(competitor, competitors) }) },
          { title: 'the right name, but another certificate', expected: '401 binding_mismatch', play: () => outcome({ ...through, ...by(renewed, good) }) },
          { title: 'stolen token, headers forged through nginx', expected: '401 certificate_not_allowed', play: () => outcome({ ...through, ...by(competitor, good, forged) }) },
          { title: 'a token that was made up', expected: '401 token_inactive', play: () => outcome({ ...through, ...by(partner, 'made-up') }) },
          { title: 'a token without the scope', expected: '403 scope_insufficient', play: () => outcome({ ...through, ...by(partner, other) }) }
        ]
      },

      toTry: async () => `
# the partner: 201
${curlAs('partner', place)} -X POST -H "Authorization: Bearer ${await token()}" ${proxy}${path}

# a later certificate of the same partner, to which the token is not bound: 401
${curlAs('renewed', place)} -X POST -H "Authorization: Bearer ${await token()}" ${proxy}${path}

# another token
${curlAs('partner', place)} -d grant_type=client_credentials -d client_id=partner-client -d scope=transactions ${authorizationServer.tokenEndpoint}
`
    }
  }
}
