import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { startAuthorizationServer, type AuthorizationServer } from '../demo/authorization-server.ts'
import { createClientCertificate, createPki } from '../demo/pki.ts'
import type { Example, Place } from '../shared/example.ts'
import { curlAs, filesOfClients, filesOfProxy, writeFiles } from '../shared/files.ts'
import { tokenFor } from '../shared/client.ts'
import { startProxy } from '../shared/proxy.ts'
import { createSigningKey } from '../shared/signing-key.ts'
import { createKeyStore } from './key-store.ts'
import { createLoginApp } from './login-app.ts'
import { story } from './story.ts'

export type Cast = Awaited<ReturnType<typeof gather>>

export const resourceServer: Example = {
  ports: { proxy: 18200, gateway: 18201, introspected: 18202, signed: 18203, keyStore: 18204, encrypted: 18205, loginApp: 18206 },
  files: ['gateway.json', 'haproxy.cfg'],

  async setUp (place) {
    const cast = await gather(place)
    const { gatewayUrl, servers, token } = cast
    return {
      environment: {
        AGENT_SECRET_ID: Buffer.from(cast.agentSecret).toString('base64'),
        KEYSTORE_SECRET_ID: Buffer.from(cast.keyStorePassword).toString('base64')
      },
      acts: async (gateway) => await story(cast, gateway),
      toTry: async () => `
# its owner: 200
${curlAs('partner', place)} -H "Authorization: Bearer ${await token(servers.introspected)}" ${gatewayUrl}/rs-introspect

# signed, and encrypted: 200
${curlAs('partner', place)} -H "Authorization: Bearer ${await token(servers.signed)}" ${gatewayUrl}/rs-stateless-signed
${curlAs('partner', place)} -H "Authorization: Bearer ${await token(servers.encrypted)}" ${gatewayUrl}/rs-stateless-encrypted

# logged in with what the claims say: 200
${curlAs('partner', place)} -H "Authorization: Bearer ${await token(servers.introspected)}" ${gatewayUrl}/rs-pwreplay

# a thief: 401
${curlAs('thief', place)} -H "Authorization: Bearer ${await token(servers.introspected)}" ${gatewayUrl}/rs-introspect

# another token, of ports ${place.port('introspected')} to ${place.port('encrypted')}
${curlAs('partner', place)} -d grant_type=client_credentials -d client_id=client-application -d "scope=mail employeenumber myscope" ${servers.introspected.tokenEndpoint}
`
    }
  }
}

/** Everybody but the gateway. */
async function gather (place: Place) {
  const pki = await createPki()
  const [partner, thief, proxyCertificate, signer] = await Promise.all([
    createClientCertificate('partner'), createClientCertificate('thief'), createClientCertificate('proxy', { issuer: pki }), createClientCertificate('login', { keyType: 'rsa' })
  ])
  const [agentSecret, keyStorePassword, password] = [randomBytes(32), randomBytes(16), randomBytes(8)].map((bytes) => bytes.toString('base64url')) as [string, string, string]
  const secretKey = randomBytes(32)
  const keyStore = createKeyStore([
    { alias: 'verification-key', certificate: new X509Certificate(signer.certificate).raw },
    { alias: 'decryption-key', secretKey }
  ], keyStorePassword)
  await writeFiles(place, {
    ...filesOfProxy(pki), ...filesOfClients({ partner, thief }), 'proxy-with-key.pem': proxyCertificate.certificate + proxyCertificate.key, 'keystore.p12': keyStore
  })

  const start = async (port: string, tokens: object): Promise<AuthorizationServer> => {
    const server = await startAuthorizationServer({
      pki,
      port: place.port(port),
      tokenLifetime: 3600,
      clients: [
        { clientId: 'client-application', scope: 'mail employeenumber myscope', certificates: [partner] },
        { clientId: 'gateway', secret: agentSecret, mayIntrospect: true }
      ],
      ...tokens
    })
    place.onEnd(server.close)
    return server
  }
  const signed = { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }
  const encrypted = { accessTokenFormat: 'jwt', jwt: { encrypt: { alg: 'dir', enc: 'A128CBC-HS256', key: secretKey } } }
  const signingKey = { ...createPrivateKey(signer.key).export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }
  const claims = { tokenName: 'access_token' }
  const servers = {
    introspected: await start('introspected', { claims: { mail: 'demo', password } }),
    signed: await start('signed', { format: signed, claims, signingKeys: [createSigningKey('RS256')] }),
    keyStore: await start('keyStore', { format: signed, claims, signingKeys: [signingKey] }),
    encrypted: await start('encrypted', { format: encrypted, claims })
  }

  const app = createLoginApp('demo', password)
  await app.listen({ host: '127.0.0.1', port: place.port('loginApp') })
  place.onEnd(() => app.close())

  const proxyUrl = await startProxy('haproxy', place, {
    pki,
    target: { port: place.port('gateway') },
    certificateHeader: 'ssl_client_cert',
    write: (certificate) => Buffer.from(certificate.toString()).toString('base64'),
    toService: { ca: pki.ca, cert: proxyCertificate.certificate, key: proxyCertificate.key }
  })
  const token = async (server: AuthorizationServer, scope = 'mail employeenumber myscope') => await tokenFor(server, 'client-application', partner, scope)
  return { ca: pki.ca, partner, thief, agentSecret, keyStorePassword, password, servers, proxyUrl, gatewayUrl: `https://localhost:${place.port('gateway')}`, token }
}
