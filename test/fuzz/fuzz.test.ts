import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'
import { targets } from './targets.ts'

// `npm run fuzz` does the same with as many inputs as one likes.
for (const name of Object.keys(targets)) {
  test(`S-12: ${name}: 20,000 inputs: each is refused in time, or read as what it says`, () => {
    const { taken, refused } = fuzz(name, 20_000, 1)
    assert.ok(taken > 1000 && refused > 5000, `${taken} taken, ${refused} refused`)
  })
}
