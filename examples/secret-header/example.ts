import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startAuthorizationServer } from '../demo/authorization-server.ts'
import { createClientCertificate, createPki } from '../demo/pki.ts'
import { by, tokenFor } from '../shared/client.ts'
import type { Example } from '../shared/example.ts'
import { curlAs, filesOfClients, filesOfProxy, writeFiles } from '../shared/files.ts'
import { checkFile } from '../shared/gateway.ts'
import { startProxy } from '../shared/proxy.ts'

const secretName = 'Sec-Client-X509-Cert-cf6c78f2d7a9dc1d14ab3f10f6f2a1f0'
const inOneLine = (der: Buffer): string => `-----BEGIN CERTIFICATE-----${der.toString('base64')}-----END CERTIFICATE-----`

export const secretHeader: Example = {
  ports: { proxy: 18400, gateway: 18401, authorizationServer: 18402 },
  files: ['gateway.json', 'haproxy.cfg'],

  async setUp (place) {
    const [pki, partner, thief] = await Promise.all([createPki(), createClientCertificate('partner'), createClientCertificate('thief')])
    const clientSecret = randomBytes(32).toString('base64url')
    await writeFiles(place, { ...filesOfProxy(pki), ...filesOfClients({ partner, thief }), 'client-secret': clientSecret })

    const authorizationServer = await startAuthorizationServer({
      pki,
      port: place.port('authorizationServer'),
      tokenLifetime: 3600,
      clients: [
        { clientId: 'partner', scope: 'accounts', certificates: [partner] },
        { clientId: 'gateway', secret: clientSecret, mayIntrospect: true }
      ]
    })
    place.onEnd(authorizationServer.close)

    const proxy = await startProxy('haproxy', place, { pki, target: { port: place.port('gateway') }, certificateHeader: secretName, write: ({ raw }) => inOneLine(raw) })
    const token = async () => await tokenFor(authorizationServer, 'partner', partner, 'accounts')
    const url = `${proxy}/accounts`
    const pastTheProxy = `http://127.0.0.1:${place.port('gateway')}/accounts`

    return {
      async acts ({ outcome, log }) {
        const good = await token()
        const through = { url, ca: pki.ca }
        const guessed = { 'x-ssl-cert': encodeURIComponent(partner.certificate), 'sec-client-x509-cert': inOneLine(partner.der), 'client-cert': `:${partner.der.toString('base64')}:` }
        const known = { [secretName]: inOneLine(partner.der) }
        return [
          { title: 'the certificate that the token is bound to', expected: '200', play: () => outcome({ ...through, ...by(partner, good) }) },
          { title: 'stolen token, no certificate', expected: '401 certificate_missing', play: () => outcome({ ...through, ...by(null, good) }) },
          { title: 'stolen token, the thief\'s own certificate', expected: '401 binding_mismatch', play: () => outcome({ ...through, ...by(thief, good) }) },
          { title: 'stolen token, names that can be guessed, past HAProxy', expected: '401 certificate_missing', play: () => outcome({ url: pastTheProxy, ...by(null, good, guessed) }) },
          { title: 'stolen token, the secret name, through HAProxy', expected: '401 binding_mismatch', play: () => outcome({ ...through, ...by(thief, good, known) }) },
          { title: 'the same without a certificate', expected: '401 certificate_missing', play: () => outcome({ ...through, ...by(null, good, known) }) },
          {
            title: 'the name, the token and the certificate in the log',
            expected: 'none',
            play: async () => {
              const found = { name: secretName, token: good, certificate: partner.der.toString('base64') }
              return Object.entries(found).filter(([, text]) => log().toLowerCase().includes(text.toLowerCase())).map(([what]) => what).join(', ') || 'none'
            }
          },
          {
            title: 'the same file with a name of 20 characters, --check',
            expected: 'exit code 2: found a name of 20 characters',
            play: async () => {
              const text = await readFile(join(place.folder, 'gateway.json'), 'utf8')
              await writeFiles(place, { 'guessable.json': text.replace(secretName, 'sec-client-x509-cert').replaceAll('run/', '') })
              const { code, complaint } = await checkFile(join(place.run, 'guessable.json'))
              return `exit code ${code}: ${/found [^;]*/.exec(complaint)?.[0]}`
            }
          }
        ]
      },

      toTry: async () => `
# its owner: 200
${curlAs('partner', place)} -H "Authorization: Bearer ${await token()}" ${url}

# a thief: 401
${curlAs('thief', place)} -H "Authorization: Bearer ${await token()}" ${url}

# another token
${curlAs('partner', place)} -d grant_type=client_credentials -d client_id=partner -d scope=accounts ${authorizationServer.tokenEndpoint}
`
    }
  }
}
