// A few seconds of what `npm run soak -- tokens` does for as long as one likes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenTraffic } from './tokens.ts'

test('S-25, S-26: thousands of tokens through a small cache, some revoked meanwhile: every verdict is the truth', async (t) => {
  const { app, figures, run, close } = await tokenTraffic({ tokens: 3000, entries: 200, atATime: 32, revokeEvery: 5 })
  t.after(close)
  await run(() => figures.requests >= 6000)
  assert.deepEqual(figures.wrong, [])
  const { tokens, decisions: { allowed, refused } } = app.boundToken.stats()
  assert.deepEqual([tokens.entries <= 200, tokens.inactiveEntries <= 20, tokens.failures, tokens.inFlight], [true, true, 0, 0])
  assert.ok(figures.revocations > 50 && tokens.evictions === figures.revocations, `${figures.revocations} revocations`)
  assert.ok(allowed > 1000 && tokens.hits > 1000 && tokens.misses > 1000)
  assert.deepEqual(Object.keys(refused).sort(), ['binding_mismatch', 'binding_missing', 'scope_insufficient', 'token_expired', 'token_inactive'])
})
