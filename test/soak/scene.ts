import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json, startDouble } from '../doubles/authorization-server.ts'
import { ownersClaims } from '../guard/protected-app.ts'
import type { Command, Usage } from './gateway.ts'

/** A gateway in a process of its own, between us and an upstream of ours. */
export interface Scene {
  readonly port: number
  readonly upstream: Server
  usage (): Promise<Usage>
  /** Collects garbage, and forgets the most memory that there was. */
  forget (): Promise<Usage>
  /** Connections to the upstream. */
  upstreamConnections (): Promise<number>
  /** Whether the gateway's process still runs. */
  isAlive (): boolean
  close (): Promise<void>
}

const loader = (process.features as { typescript?: string | false }).typescript ? [] : ['--import', 'ts-blank-space/register']

export async function startScene (listener: RequestListener): Promise<Scene> {
  const authorizationServer = await startDouble(json(ownersClaims))
  const gone = await startDouble(() => {})
  await gone.close()
  const upstream = createServer(listener)
  // What a client breaks off breaks here too.
  upstream.on('clientError', (_error, socket) => socket.destroy())
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')

  const child = fork(new URL('gateway.ts', import.meta.url), { execArgv: [...loader, '--expose-gc'] })
  const exit = exitOf(child)
  const ask = async (command: Command): Promise<unknown> => {
    child.send(command)
    const [answer] = await once(child, 'message', { signal: exit })
    return answer
  }
  const port = await ask({ authorizationServer: authorizationServer.origin, nowhere: gone.origin, upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` }) as number

  return {
    port,
    upstream,
    usage: async () => await ask('usage') as Usage,
    forget: async () => await ask('forget') as Usage,
    upstreamConnections: () => new Promise((resolve) => upstream.getConnections((_error, count) => resolve(count))),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async close () {
      if (child.connected) child.disconnect()
      upstream.close()
      upstream.closeAllConnections()
      await authorizationServer.close()
    }
  }
}

function exitOf (child: ChildProcess): AbortSignal {
  const exit = new AbortController()
  child.once('exit', (code) => exit.abort(new Error(`the gateway has ended: ${code}`)))
  return exit.signal
}
