import Fastify from 'fastify'
import { startAuthorizationServer } from '../demo/authorization-server.ts'
import { createClientCertificate, createPki } from '../demo/pki.ts'
import { request } from '../demo/request.ts'
import { by, tokenFor } from '../shared/client.ts'
import type { Example } from '../shared/example.ts'
import { curlAs, filesOfClients, filesOfProxy, writeFiles } from '../shared/files.ts'
import { startProxy } from '../shared/proxy.ts'
import { createSigningKey } from '../shared/signing-key.ts'

export const proofOfPossession: Example = {
  ports: { proxy: 18300, gateway: 18301, authorizationServer: 18302, upstream: 18303 },
  files: ['gateway.json', 'haproxy.cfg'],

  async setUp (place) {
    const [ours, partners] = await Promise.all([createPki(), createPki()])
    const [waf, partner, colleague, foreign] = await Promise.all([
      createClientCertificate('waf', { issuer: ours }),
      createClientCertificate('partner', { issuer: partners }),
      createClientCertificate('colleague', { issuer: partners }),
      createClientCertificate('partner')
    ])
    await writeFiles(place, {
      ...filesOfProxy(ours),
      ...filesOfClients({ partner, colleague, foreign }),
      'waf-with-key.pem': waf.certificate + waf.key,
      'partners-ca.pem': partners.ca
    })

    const authorizationServer = await startAuthorizationServer({
      pki: ours,
      port: place.port('authorizationServer'),
      tokenLifetime: 3600,
      format: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'PS256' } } },
      signingKeys: [createSigningKey('PS256')],
      clients: [
        { clientId: 'partner', scope: 'orders other', certificates: [partner, foreign] },
        { clientId: 'unbound', scope: 'orders', secret: 'without a certificate' }
      ]
    })
    place.onEnd(authorizationServer.close)

    const upstream = Fastify({ forceCloseConnections: true })
    upstream.get('/orders/:id', async ({ headers }) => ({ client: headers['x-client-id'] }))
    await upstream.listen({ host: '127.0.0.1', port: place.port('upstream') })
    place.onEnd(() => upstream.close())

    const proxy = await startProxy('haproxy', place, {
      pki: ours,
      target: { port: place.port('gateway') },
      certificateHeader: 'X-Client-Cert',
      write: ({ raw }) => raw.toString('base64'),
      toService: { ca: ours.ca, cert: waf.certificate, key: waf.key }
    })
    const token = async (credentials = partner, scope = 'orders') => await tokenFor(authorizationServer, 'partner', credentials, scope)
    const [url, pastTheProxy] = [`${proxy}/orders/1`, `https://localhost:${place.port('gateway')}/orders/1`]

    return {
      async acts ({ outcome }) {
        const [good, other, foreigner] = [await token(), await token(partner, 'other'), await token(foreign)]
        const unbound = await tokenFor(authorizationServer, 'unbound', { secret: 'without a certificate' }, 'orders')
        const through = { url, ca: ours.ca }
        const past = { url: pastTheProxy, ca: ours.ca }
        const forged = { 'x-client-cert': partner.der.toString('base64') }
        const refusedHandshake = async (options: Parameters<typeof request>[0]): Promise<string> =>
          await request(options).then(({ status }) => String(status), ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED' ? 'nobody listens' : 'no connection')
        return [
          { title: 'the certificate that the token is bound to', expected: '200', play: () => outcome({ ...through, ...by(partner, good) }) },
          { title: 'what the upstream is told', expected: '{"client":"partner"}', play: async () => (await request({ ...through, ...by(partner, good, { 'x-client-id': 'somebody else' }) })).body },
          { title: 'no certificate', expected: '401 certificate_missing', play: () => outcome({ ...through, ...by(null, good) }) },
          { title: 'a certificate of a foreign authority, and a token bound to it', expected: '401 certificate_untrusted', play: () => outcome({ ...through, ...by(foreign, foreigner) }) },
          { title: 'stolen token, another certificate of the partners\' authority', expected: '401 binding_mismatch', play: () => outcome({ ...through, ...by(colleague, good) }) },
          { title: 'a token that is bound to nothing', expected: '401 binding_missing', play: () => outcome({ ...through, ...by(partner, unbound) }) },
          { title: 'a token whose signature was changed', expected: '401 token_invalid', play: () => outcome({ ...through, ...by(partner, withOtherSignature(good, other)) }) },
          { title: 'a token without the scope', expected: '403 scope_insufficient', play: () => outcome({ ...through, ...by(partner, other) }) },
          { title: 'stolen token, header forged through the WAF', expected: '401 binding_mismatch', play: () => outcome({ ...through, ...by(colleague, good, forged) }) },
          { title: 'the same without a certificate', expected: '401 certificate_missing', play: () => outcome({ ...through, ...by(null, good, forged) }) },
          { title: 'past the WAF, header forged, no certificate', expected: 'no connection', play: () => refusedHandshake({ ...past, ...by(null, good, forged) }) },
          { title: 'past the WAF, header forged, a certificate of the partners', expected: 'no connection', play: () => refusedHandshake({ ...past, ...by(colleague, good, forged) }) }
        ]
      },

      toTry: async () => `
# its owner: 200
${curlAs('partner', place)} -H "Authorization: Bearer ${await token()}" ${url}

# a foreign authority's certificate, and a token bound to it: 401
${curlAs('foreign', place)} -H "Authorization: Bearer ${await token(foreign)}" ${url}

# another token
${curlAs('partner', place)} -d grant_type=client_credentials -d client_id=partner -d scope=orders ${authorizationServer.tokenEndpoint}
`
    }
  }
}

/** The header and the claims of one token, the signature of another. */
function withOtherSignature (token: string, other: string): string {
  return [...token.split('.').slice(0, 2), other.split('.')[2]].join('.')
}
