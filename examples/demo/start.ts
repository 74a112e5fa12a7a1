// npm start: the whole story on one machine. With `-- --once` it ends after the table, with 0 only if every row is as expected.

import { setStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { play, token } from './story.ts'
import type { Row } from './story.ts'

const stage = await setStage()
const rows = await play(stage)
console.log(table(rows, stage))
const isAsExpected = rows.every(({ expected, actual }) => expected === actual)

if (process.argv.includes('--once')) {
  await stage.close()
  process.exitCode = isAsExpected ? 0 : 1
} else {
  console.log(invitation(stage, await token(stage, stage.partner, 'accounts payments')))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => { stage.close().then(() => process.exit(0), () => process.exit(1)) })
  }
}

function table (rows: readonly Row[], { front, authorizationServer }: Stage): string {
  const failed = rows.filter(({ expected, actual }) => expected !== actual)
  const line = (mark: string, title: string, expected: string, actual: string, reason: string): string =>
    `  ${mark.padEnd(4)}  ${title.padEnd(52)}  ${expected.padEnd(8)}  ${actual.padEnd(6)}  ${reason}`.trimEnd()
  return [
    '',
    `  TLS front             ${front.kind === 'nginx' ? 'nginx' : 'Node (nginx is not installed)'}`,
    '  service               trusts the certificate header from the front\'s unix socket only',
    `  authorization server  oidc-provider, ${authorizationServer.issuer}`,
    '',
    line('', 'request', 'expected', 'actual', 'reason, in the log only'),
    ...rows.map(({ title, expected, actual }) => {
      const [status = '', reason = ''] = actual.split(' ')
      return line(expected === actual ? 'ok' : 'FAIL', title, expected.slice(0, 3), status, reason)
    }),
    '',
    failed.length === 0
      ? `  ${rows.length} of ${rows.length} as expected`
      : ['  NOT as expected:', ...failed.map(({ title, expected, actual }) => `    ${title}: expected ${expected}, was ${actual}`)].join('\n'),
    ''
  ].join('\n')
}

function invitation ({ directory, front, plainUrl, authorizationServer }: Stage, accessToken: string): string {
  const as = (name: string) => `curl -i --cacert ${directory}/ca.pem --cert ${directory}/${name}.pem --key ${directory}/${name}.key`
  const bearer = `-H "Authorization: Bearer ${accessToken}"`
  return `  Everything stays up. Try it, with a token that is bound to partner.pem:

  # its owner: 200
  ${as('partner')} ${bearer} ${front.url}/accounts

  # a thief: 401
  ${as('thief')} ${bearer} ${front.url}/accounts

  # a thief who forges the header straight at the service: 401
  curl -i -H "X-SSL-Cert: $(cat ${directory}/partner.escaped)" ${bearer} ${plainUrl}/accounts

  # what the upstream gets
  ${as('partner')} ${bearer} ${front.url}/ledger

  # another token
  ${as('partner')} -d grant_type=client_credentials -d client_id=partner -d scope=accounts ${authorizationServer.tokenEndpoint}

  Ctrl-C ends it and removes the files.
`
}
