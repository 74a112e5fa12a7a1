// Processes of a run. Nothing is waited for without an end: a process that dies, or does not answer in time, ends the run.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface Child {
  /** @throws Error when it says that it failed, when it ends, and after `limit` milliseconds */
  ask<Answer> (question: object, limit: number): Promise<Answer>
  /** It ends by itself, so that it can write a profile; after ten seconds it is ended. */
  end (): Promise<void>
}

export interface ChildOptions {
  /** What it is called in messages. */
  readonly name: string
  readonly file: URL
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

const endLimit = 10_000
const running = new Set<ChildProcess>()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })

export function startChild ({ name, file, flags = [], env = {} }: ChildOptions): Child {
  const child = fork(file, { execArgv: [...process.execArgv, ...flags], env: { ...process.env, ...env } })
  let fault = new Error(`the process of "${name}" has ended`)
  running.add(child)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child)
      fault = new Error(`the process of "${name}" has ended with ${signal ?? `exit code ${code}`}`)
      resolve()
    })
  })
  // One that could not be started, or told something, tells so by its end as well.
  child.on('error', () => {})

  return {
    async ask<Answer> (question: object, limit: number): Promise<Answer> {
      const tooLate = new AbortController()
      const timer = setTimeout(() => tooLate.abort(), limit)
      try {
        const answered = once(child, 'message', { signal: tooLate.signal })
        if (child.connected) child.send(question, () => {})
        const answer = await Promise.race([answered.then(([message]) => message as Answer & { error?: string }), ended.then(() => null)])
        if (answer === null) throw fault
        if (answer.error !== undefined) throw new Error(`"${name}": ${answer.error}`)
        return answer
      } catch (error) {
        throw tooLate.signal.aborted ? new Error(`the process of "${name}" has not answered within ${limit / 1000} s`) : error
      } finally {
        clearTimeout(timer)
        tooLate.abort()
      }
    },

    async end () {
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), endLimit)
      await ended
      clearTimeout(timer)
    }
  }
}
