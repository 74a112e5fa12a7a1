// The same as `npm run soak`, for a few seconds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faults, runFaults } from './faults.ts'
import { streams } from './streams.ts'

test('P8: after each fault, some at a time, every connection is closed and the gateway still answers', async () => {
  const names = Object.keys(faults)
  let left = 2 * names.length
  const { counts } = await runFaults(() => left-- <= 0, 4)
  for (const name of names) assert.ok((counts.get(name) ?? 0) >= 2, name)
})

test('P8: bodies both ways, with slow readers, are what was sent, and are not held in memory', async () => {
  const megabytes = 256
  const { idle, mostDownload, mostUpload } = await streams(megabytes, 10)
  for (const most of [mostDownload, mostUpload]) assert.ok(most - idle < megabytes / 2 * 1_048_576, `${((most - idle) / 1_048_576).toFixed(0)} MB more than at idle`)
})
