import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findNginx } from '../../examples/demo/front-nginx.ts'
import { setStage } from '../../examples/demo/stage.ts'
import { play } from '../../examples/demo/story.ts'
import { requires } from './requires.ts'

// The demo is the first end-to-end test: oidc-provider's tokens over mutual TLS, through each front.
for (const front of ['nginx', 'node'] as const) {
  test(`the whole story through ${front}`, requires(front === 'nginx' ? { nginx: findNginx() } : {}), async (t) => {
    const stage = await setStage({ front })
    t.after(() => stage.close())
    const rows = await play(stage)
    assert.ok(rows.length >= 15)
    for (const { title, expected, actual } of rows) await t.test(title, () => assert.equal(actual, expected))
  })
}
