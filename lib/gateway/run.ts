import { dirname } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { OptionsError } from '../errors.ts'
import { readGatewayFile, textOf, type GatewayFile } from './file.ts'
import { gatewayOf, type Gateway } from './gateway.ts'
import { gatewayLog } from './log.ts'
import { signals } from './signals.ts'

/** 0: ended as it was told; 1: could not listen, or died, or cut answers off; 2: the configuration is wrong. */
export type ExitCode = 0 | 1 | 2

/**
 * Reads everything that a gateway would be started with, and starts nothing.
 *
 * @param path - absolute
 * @param complain - told what is wrong, in one line
 */
export async function checkGateway (path: string, complain: (line: string) => void): Promise<ExitCode> {
  const prepared = await prepare(path, complain, 'silent')
  if (prepared === null) return 2
  await prepared.gateway.end()
  return 0
}

/** Runs a gateway until the process is told to end. */
export async function runGateway (path: string, complain: (line: string) => void): Promise<ExitCode> {
  const told = signals()
  const prepared = await prepare(path, complain)
  if (prepared === null) return 2
  const { gateway, log } = prepared
  process.once('uncaughtException', (error) => {
    log.fatal({ err: error }, 'died')
    process.exit(1)
  })
  if (told.isToldToEnd()) return 0
  try {
    log.info(`listening at ${await gateway.listen()}`)
  } catch (error) {
    const line = `could not listen: ${(error as Error).message}`
    log.fatal(line)
    complain(line)
    return 1
  }
  told.onReload(async () => { await reload(path, gateway, log) })
  await told.end
  log.info('told to end')
  const isComplete = await gateway.end()
  log[isComplete ? 'info' : 'warn'](isComplete ? 'ended' : 'ended, and answers were cut off')
  return isComplete ? 0 : 1
}

async function prepare (path: string, complain: (line: string) => void, level?: 'silent'): Promise<{ gateway: Gateway, log: FastifyBaseLogger } | null> {
  let file: GatewayFile | null = null
  try {
    file = await read(path)
    const log = await gatewayLog(level === undefined ? file.options.log : { level })
    return { gateway: await gatewayOf(level === undefined ? file.options : { ...file.options, log: { level } }, log), log }
  } catch (error) {
    complain(file === null ? textOf(error) : file.locate(error))
    return null
  }
}

async function reload (path: string, gateway: Gateway, log: FastifyBaseLogger): Promise<void> {
  let file: GatewayFile | null = null
  try {
    file = await read(path)
    await gateway.take(file.options)
    log.info('configuration read again')
  } catch (error) {
    log.error(`the new configuration is not used: ${file === null ? textOf(error) : file.locate(error)}`)
  }
}

/** Paths in a file are relative to the file: to its folder, as it is called now, and so is the process. */
async function read (path: string): Promise<GatewayFile> {
  try {
    process.chdir(dirname(path))
  } catch (error) {
    throw new OptionsError(`${path}: cannot go to its folder (${(error as NodeJS.ErrnoException).code}); allowed: a file in a folder`)
  }
  return await readGatewayFile(path)
}
