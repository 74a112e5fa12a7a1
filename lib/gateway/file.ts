import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { OptionsError } from '../errors.ts'
import type { GatewayOptions } from '../options.ts'
import { validateOptions } from '../validate.ts'
import { FileSchema } from './file-schema.ts'
import { placeIn, type FileText } from './file-text.ts'
import { readJsonText } from './json-text.ts'
import { readYamlText } from './yaml-text.ts'

/** Bytes. */
const mostBytes = 1_048_576

type Read = (text: string, file: string) => Promise<FileText>
const readers: Readonly<Record<string, Read>> = { '.json': readJsonText, '.jsonc': readJsonText, '.yaml': readYamlText, '.yml': readYamlText }

export interface GatewayFile {
  readonly options: GatewayOptions
  /** Puts the place in the file before what an error says of an option. */
  locate (error: unknown): string
}

/**
 * Reads a gateway file and holds it to its schema. What else may be wrong with it shows when it is put to use.
 *
 * @throws OptionsError, with line and column where there is one; nothing that stands in the file but names and short values is in it
 */
export async function readGatewayFile (path: string): Promise<GatewayFile> {
  const file = basename(path)
  const read = readers[extname(path).toLowerCase()]
  if (read === undefined) throw new OptionsError(`${file}: found a file of another kind; allowed: ${Object.keys(readers).join(', ')}`)
  const text = await readText(path, file)
  const { value, offsets } = await read(text, file).catch((error: unknown) => {
    if (error instanceof RangeError) throw new OptionsError(`${file}: found lists and objects nested too deeply; allowed: a configuration`)
    throw error
  })
  const locate = (error: unknown): string => located(error, file, text, offsets)
  try {
    return { options: validateOptions(FileSchema, value, 'options') as GatewayOptions, locate }
  } catch (error) {
    throw new OptionsError(locate(error))
  }
}

async function readText (path: string, file: string): Promise<string> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new OptionsError(`${file}: found ${found.isDirectory() ? 'a directory' : 'no regular file'}; allowed: a file`)
    if (found.size > mostBytes) throw tooLarge(file)
    const bytes = await readFile(path)
    if (bytes.length > mostBytes) throw tooLarge(file)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof OptionsError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new OptionsError(code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? `${file}: found no UTF-8; allowed: text in UTF-8` : `${file}: cannot read it (${code}); allowed: a file`)
  }
}

function tooLarge (file: string): Error {
  return new OptionsError(`${file}: found more than ${mostBytes} bytes; allowed: up to 1 MiB`)
}

/** In one line. Of an error that nobody has foreseen (such as one of JSON.parse, which repeats its text) only what it is called. */
export function textOf (error: unknown): string {
  const { message, name, code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? message.split('\n', 1)[0] as string : `found something that cannot be used (${name}); allowed: what the documentation says`
}

/** Errors name options as `options.issuers[0].audience`; in a file, there is a line for it, or for what it would stand in. */
function located (error: unknown, file: string, text: string, offsets: ReadonlyMap<string, number>): string {
  const message = textOf(error)
  const [, named = ''] = /^options(?:\.|(?=:))([^:\s]*):/.exec(message) ?? []
  const told = message.replace(/^options\.?(?=[^:\s]*:)/, '').replace(/^: /, '')
  for (let path = named; path !== ''; path = path.replace(/(\.[^.[]*|\[\d+\]|^[^.[]*)$/, '')) {
    const offset = offsets.get(path)
    if (offset !== undefined) return `${placeIn(file, text, offset)}: ${told}`
  }
  return `${file}: ${told}`
}
