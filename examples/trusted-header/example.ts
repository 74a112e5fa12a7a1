import { randomBytes } from 'node:crypto'
import { startAuthorizationServer } from '../demo/authorization-server.ts'
import { createClientCertificate, createPki } from '../demo/pki.ts'
import { request } from '../demo/request.ts'
import { by, tokenFor } from '../shared/client.ts'
import type { Example } from '../shared/example.ts'
import { curlAs, filesOfClients, filesOfProxy, shown, writeFiles } from '../shared/files.ts'
import { startProxy } from '../shared/proxy.ts'

export const trustedHeader: Example = {
  ports: { proxy: 18100, gateway: 18101, authorizationServer: 18102 },
  files: ['gateway.json', 'nginx.conf'],

  async setUp (place) {
    const [pki, partner, thief] = await Promise.all([createPki(), createClientCertificate('partner'), createClientCertificate('thief')])
    const [agentSecret, proxySecret] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
    await writeFiles(place, {
      ...filesOfProxy(pki),
      ...filesOfClients({ partner, thief }),
      'partner.escaped': encodeURIComponent(partner.certificate),
      'proxy-secret': proxySecret,
      'proxy-secret.conf': `proxy_set_header X-Proxy-Secret "${proxySecret}";\n`
    })

    const authorizationServer = await startAuthorizationServer({
      pki,
      port: place.port('authorizationServer'),
      tokenLifetime: 3600,
      clients: [
        { clientId: 'client-application', scope: 'test other', certificates: [partner] },
        { clientId: 'gateway', secret: agentSecret, mayIntrospect: true }
      ]
    })
    place.onEnd(authorizationServer.close)

    const proxy = await startProxy('nginx', place, { pki, target: { port: place.port('gateway') }, headers: { 'X-Proxy-Secret': proxySecret } })
    const token = async (scope = 'test') => await tokenFor(authorizationServer, 'client-application', partner, scope)
    const url = `${proxy}/mtls-header`
    const pastTheProxy = `http://127.0.0.1:${place.port('gateway')}/mtls-header`
    const forged = { 'x-ssl-cert': encodeURIComponent(partner.certificate) }

    return {
      environment: { AGENT_SECRET_ID: Buffer.from(agentSecret).toString('base64') },

      async acts ({ outcome }) {
        const [good, other] = [await token(), await token('other')]
        const unreadable = { url: pastTheProxy, ...by(null, good, { 'x-ssl-cert': 'what no decoder reads', 'x-proxy-secret': proxySecret }) }
        return [
          { title: 'the certificate that the token is bound to', expected: '200', play: () => outcome({ url, ca: pki.ca, ...by(partner, good) }) },
          { title: 'the same with POST', expected: '200', play: () => outcome({ url, ca: pki.ca, method: 'POST', ...by(partner, good) }) },
          { title: 'no token', expected: '401 token_missing', play: () => outcome({ url, ca: pki.ca, certificate: partner.certificate, key: partner.key }) },
          { title: 'a token that was made up', expected: '401 token_inactive', play: () => outcome({ url, ca: pki.ca, ...by(partner, 'made-up') }) },
          { title: 'a token without the scope', expected: '403 scope_insufficient', play: () => outcome({ url, ca: pki.ca, ...by(partner, other) }) },
          { title: 'stolen token, no certificate', expected: '401 certificate_missing', play: () => outcome({ url, ca: pki.ca, ...by(null, good) }) },
          { title: 'stolen token, the thief\'s own certificate', expected: '401 binding_mismatch', play: () => outcome({ url, ca: pki.ca, ...by(thief, good) }) },
          { title: 'stolen token, header forged through nginx', expected: '401 binding_mismatch', play: () => outcome({ url, ca: pki.ca, ...by(thief, good, forged) }) },
          { title: 'the same without a certificate', expected: '401 certificate_missing', play: () => outcome({ url, ca: pki.ca, ...by(null, good, forged) }) },
          { title: 'stolen token, header forged past nginx', expected: '401 certificate_source_untrusted', play: () => outcome({ url: pastTheProxy, ...by(null, good, forged) }) },
          { title: 'a proxy that sends what cannot be read', expected: '418 certificate_malformed', play: () => outcome(unreadable) },
          { title: 'its answer', expected: 'The certificate in the header cannot be read', play: async () => (await request(unreadable)).body }
        ]
      },

      toTry: async () => `
# its owner: 200
${curlAs('partner', place)} -H "Authorization: Bearer ${await token()}" ${url}

# a thief: 401
${curlAs('thief', place)} -H "Authorization: Bearer ${await token()}" ${url}

# past nginx, with the header forged: 401
curl -i -H "X-SSL-Cert: $(cat ${shown(place)}/partner.escaped)" -H "Authorization: Bearer ${await token()}" ${pastTheProxy}

# another token
${curlAs('partner', place)} -d grant_type=client_credentials -d client_id=client-application -d scope=test ${authorizationServer.tokenEndpoint}
`
    }
  }
}
