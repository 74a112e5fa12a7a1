import { after, afterEach, before, beforeEach, mock } from 'node:test'
import * as doubles from '../../doubles/authorization-server.ts'
import { signingKey, type SigningKey } from '../signing-key.ts'
import type { KeysAt } from './keys-at.ts'

const minute = 60_000

/** An issuer's key, the one that comes after it, and a token of each. At noon, before every test, only the first is published. */
export interface OldAndNext {
  server: doubles.Double
  old: SigningKey
  next: SigningKey
  oldToken: string
  nextToken: string
}

export function oldAndNext (): OldAndNext {
  const scene = {} as OldAndNext
  before(async () => {
    const [server, old, next] = [await doubles.startDouble(doubles.hang), await signingKey('old'), await signingKey('next')]
    Object.assign(scene, { server, old, next, oldToken: await old.sign({ sub: 'alice' }), nextToken: await next.sign({ sub: 'alice' }) })
  })
  after(() => scene.server.close())
  beforeEach(() => {
    publish(scene, scene.old)
    scene.server.calls.length = 0
    mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_800_000_000_000 })
  })
  afterEach(() => mock.timers.reset())
  return scene
}

export function publish ({ server }: OldAndNext, ...keys: SigningKey[]): void {
  server.behave(doubles.json({ keys: keys.map((key) => key.jwk()) }))
}

/** Time as it passes, with what it starts. */
export async function pass (keys: KeysAt, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= minute) {
    mock.timers.tick(Math.min(left, minute))
    await keys.settled()
  }
}
