import { shakesHands } from '../demo/front-nginx.ts'
import { startNodeFront, type NodeFrontOptions } from '../demo/front-node.ts'
import type { Place } from './example.ts'
import { findProgram, startProgram } from './program.ts'

/** Each takes the paths in its file from where that file is. They stay in the foreground and in one process. */
const programs = {
  nginx: { args: ['-p', 'run/', '-c', '../nginx.conf', '-e', 'stderr'] },
  haproxy: { args: ['-db', '-f', 'haproxy.cfg'] }
} as const

/**
 * Starts the TLS proxy whose configuration lies in the folder of the example.
 *
 * @param standIn - the same in Node, for a machine that does not have the program
 */
export async function startProxy (name: keyof typeof programs, { folder, withoutPrograms, port, onEnd, remark }: Place, standIn: NodeFrontOptions): Promise<string> {
  const path = withoutPrograms ? null : findProgram(name)
  if (path === null) {
    remark(`${name} does NOT run, most likely since it is not installed: a stand-in written for Node takes its place, with the same headers.`)
    const front = await startNodeFront({ ...standIn, port: port('proxy') })
    onEnd(front.close)
    return front.url
  }
  const program = startProgram(path, programs[name].args, { directory: folder })
  onEnd(program.close)
  await program.until(() => shakesHands(port('proxy'), standIn.pki.ca))
  return `https://localhost:${port('proxy')}`
}
