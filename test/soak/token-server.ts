// The authorization server of the soak, in a process of its own. It is told over IPC what is revoked.
import { startDouble, json } from '../doubles/authorization-server.ts'
import { claimsOf } from './token-truth.ts'

const revoked = new Set<string>()
const server = await startDouble((call, response) => {
  server.calls.length = 0 // It keeps what it was asked, which is a million tokens here.
  json(claimsOf(new URLSearchParams(call.body).get('token') ?? '', (token) => revoked.has(token)))(call, response)
})

process.on('message', ({ revoke }: { revoke: string }) => {
  revoked.add(revoke)
  process.send?.({ revoked: revoke })
})
process.on('disconnect', () => process.exit())
process.send?.({ origin: server.origin })
