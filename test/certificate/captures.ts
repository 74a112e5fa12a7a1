import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { compileCertificateSource } from '../../lib/certificate/compile.ts'
import type { CertificateOptions } from '../../types/options.ts'
import { inboundMessage, socketFrom, verdictOf, type FieldLine } from './inbound.ts'
import { rawExchange } from './raw-exchange.ts'

/** What one proxy wrote: `fixtures/headers/<folder>/`. */
export interface Captures {
  /** Of the certificate that the client showed; null where it showed none. */
  readonly thumbprints: Readonly<Record<string, string | null>>
  /** All of it, with line feeds that the proxy left in a value. */
  textOf (name: string): string
  linesOf (name: string): FieldLine[]
  /** The thumbprint that is read from a capture, else why there is none. */
  read (name: string, options?: CertificateOptions): string
}

/** @param preset - read with these options unless told otherwise */
export function capturesIn (folder: string, preset: CertificateOptions): Captures {
  const url = new URL(`../../fixtures/headers/${folder}/`, import.meta.url)
  const thumbprints = JSON.parse(readFileSync(new URL('thumbprints.json', url), 'utf8')) as Record<string, string | null>

  it('every capture has a thumbprint, or null, recorded beside it', () => {
    const files = readdirSync(url).filter((file) => file.endsWith('.txt')).map((file) => file.replace('.txt', ''))
    assert.deepEqual(Object.keys(thumbprints).sort(), files.sort())
  })

  function textOf (name: string): string {
    return readFileSync(new URL(`${name}.txt`, url), 'latin1')
  }

  function linesOf (name: string): FieldLine[] {
    return textOf(name).split('\n').filter(Boolean).map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1)]
    })
  }

  function read (name: string, options: CertificateOptions = {}): string {
    const source = compileCertificateSource({ trustedProxies: ['127.0.0.1'], ...preset, ...options }, 'certificate')
    return verdictOf(source, inboundMessage(linesOf(name), socketFrom('127.0.0.1')))
  }

  return { thumbprints, textOf, linesOf, read }
}

/** What a server of Node's answers to these lines. @param lines - each with its end */
export async function answerOfNode (lines: string): Promise<number> {
  const server = createServer((_request, response) => response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return (await rawExchange({ port: (server.address() as AddressInfo).port }, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`)).status
  } finally {
    server.close()
  }
}
