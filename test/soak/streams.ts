// Large bodies through the gateway, both ways, with a part of the way on which the reader is slow: memory must not grow with them.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { by, owner } from '../guard/protected-app.ts'
import { startScene } from './scene.ts'

export interface StreamsReport {
  /** Octets. */
  readonly idle: number
  readonly mostDownload: number
  readonly mostUpload: number
  readonly seconds: number
}

const chunk = Buffer.alloc(65_536, 'abcdefghijklmnopqrstuvwxyz0123456789')

/**
 * @param megabytes - of each body
 * @param slowPauses - how many pauses of 20 ms the reader makes in the middle
 */
export async function streams (megabytes: number, slowPauses: number): Promise<StreamsReport> {
  const chunks = megabytes * 16
  const expected = digestOf(chunks)
  const scene = await startScene(async (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': chunks * chunk.length })
      await write(response, chunks)
    } else {
      const digest = await read(request, chunks, slowPauses)
      response.end(digest)
    }
  })
  try {
    await download(scene.port, 1, 0) // Everything is loaded and compiled that will be needed, and the upstream's body broken off.
    const startedAt = performance.now()
    const { rss: idle } = await scene.forget()
    assert.equal(await download(scene.port, chunks, slowPauses), expected, 'another body came down')
    const { mostRss: mostDownload } = await scene.usage()
    await scene.forget()
    assert.equal(await upload(scene.port, chunks), expected, 'another body went up')
    const { mostRss: mostUpload, errors } = await scene.usage()
    assert.deepEqual(errors, [])
    return { idle, mostDownload, mostUpload, seconds: (performance.now() - startedAt) / 1000 }
  } finally {
    await scene.close()
  }
}

/** @returns the digest of so many chunks; then the connection is broken off */
async function download (port: number, chunks: number, slowPauses: number): Promise<string> {
  const request = httpRequest({ host: '127.0.0.1', port, headers: by(owner), agent: false }).end()
  const [response] = await once(request, 'response') as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  const digest = await read(response, chunks, slowPauses)
  response.destroy()
  return digest
}

async function upload (port: number, chunks: number): Promise<string> {
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', headers: { ...by(owner), 'content-length': chunks * chunk.length }, agent: false })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  await write(request, chunks)
  const [response] = await answered
  assert.equal(response.statusCode, 200)
  return Buffer.concat(await response.toArray() as Buffer[]).toString()
}

/** Whoever leaves before the end may. */
async function write (to: Writable, chunks: number): Promise<void> {
  await pipeline(Readable.from(repeat(chunks)), to).catch(() => {})
}

function * repeat (chunks: number): Generator<Buffer> {
  for (let i = 0; i < chunks; i++) yield chunk
}

async function read (from: Readable, chunks: number, slowPauses: number): Promise<string> {
  const hash = createHash('sha256')
  const size = chunks * chunk.length
  let length = 0
  let pauses = 0
  for await (const piece of from as AsyncIterable<Buffer>) {
    hash.update(piece.subarray(0, size - length))
    length += piece.length
    if (length > size / 4 && pauses++ < slowPauses) await wait(20)
    if (length >= size) break
  }
  return `${hash.digest('hex')} of ${Math.min(length, size)}`
}

function digestOf (chunks: number): string {
  const hash = createHash('sha256')
  for (let i = 0; i < chunks; i++) hash.update(chunk)
  return `${hash.digest('hex')} of ${chunks * chunk.length}`
}
