import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { EvictionChannel } from '../../types/token-store.ts'
import { comesTrue, ends, type Case } from './case.ts'

/** Milliseconds. */
const horizon = 600_000

/** What was heard since it began to listen. Messages as hexadecimal text; others' may be among them. */
interface Heard {
  readonly messages: string[]
  readonly turns: string[]
  end (): Promise<void>
}

export const evictionChannelCases: ReadonlyArray<Case<EvictionChannel>> = [
  heard('who listens is told when he is connected, without a message', async ({ listen }) => {
    const { turns } = await listen()
    assert.equal(turns.at(-1), 'connected')
  }),

  heard('a message reaches everybody else as it is', async ({ open, listen }) => {
    const others = [await listen(), await listen()]
    const message = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await ends('publish()', (await open()).publish(message))
    for (const { messages } of others) await comesTrue('the message arrived', () => messages.includes(hex(message)))
  }),

  heard('from one byte to 65536, also as a part of a larger buffer', async ({ open, listen }) => {
    const { messages } = await listen()
    const publisher = await open()
    const large = randomBytes(65_538)
    for (const message of [large.subarray(1, 2), large.subarray(1, 65_537)]) {
      await ends('publish()', publisher.publish(message))
      await comesTrue('the message arrived', () => messages.includes(hex(message)))
    }
  }),

  heard('messages of one process arrive in their order', async ({ open, listen }) => {
    const { messages } = await listen()
    const publisher = await open()
    const sent = Array.from({ length: 50 }, (_, index) => Buffer.concat([Buffer.of(index), randomBytes(8)]))
    for (const message of sent) await ends('publish()', publisher.publish(message))
    await comesTrue('all arrived', () => sent.every((message) => messages.includes(hex(message))))
    const own = messages.filter((message) => sent.some((each) => hex(each) === message))
    assert.deepEqual([...new Set(own)], sent.map(hex))
  }),

  heard('who comes late is told what was published before, and only then that he is connected', async ({ open, listen }) => {
    const sent = Array.from({ length: 300 }, () => randomBytes(16))
    const publisher = await open()
    await ends('publish()', Promise.all(sent.map(async (message) => { await publisher.publish(message) })))
    const { messages } = await listen()
    assert.deepEqual(sent.filter((message) => !messages.includes(hex(message))), [])
  }),

  heard('who publishes need not listen, and who listens may publish', async ({ open, listen }) => {
    const channel = await open()
    const { messages } = await listen(channel)
    const [own, foreign] = [randomBytes(16), randomBytes(16)]
    await ends('publish()', channel.publish(own))
    await ends('publish()', (await open()).publish(foreign))
    await comesTrue('that of the other arrived', () => messages.includes(hex(foreign)))
  }),

  heard('connected and disconnected take turns', async ({ open, listen }) => {
    const { turns } = await listen()
    await ends('publish()', (await open()).publish(randomBytes(16)))
    assert.deepEqual(turns.filter((turn, index) => turn === turns[index - 1]), [])
  }),

  heard('after the end nothing is told', async ({ open, listen }) => {
    const [ended, other] = [await listen(), await listen()]
    await ends('the end of listening', ended.end())
    const message = randomBytes(16)
    await ends('publish()', (await open()).publish(message))
    await comesTrue('it arrived where somebody listens', () => other.messages.includes(hex(message)))
    assert.equal(ended.messages.includes(hex(message)), false)
    assert.equal(ended.turns.at(-1), 'connected')
  }),

  heard('to listen and end at once ends', async ({ open }) => {
    const channel = await open()
    const turns: string[] = []
    const turn = (name: string) => () => { turns.push(name) }
    await ends('the end of listening', channel.listen({ message () {}, connected: turn('connected'), disconnected: turn('disconnected') }, horizon)())
    assert.deepEqual(turns, [])
  })
]

interface Used {
  open (): Promise<EvictionChannel>
  /** Resolves when it is connected. */
  listen (channel?: EvictionChannel): Promise<Heard>
}

function heard (name: string, run: (used: Used) => Promise<void>): Case<EvictionChannel> {
  return {
    name,
    async run (open) {
      const all: Heard[] = []
      const listen = async (given?: EvictionChannel): Promise<Heard> => {
        const channel = given ?? await open()
        const messages: string[] = []
        const turns: string[] = []
        const end = channel.listen({
          message: (message) => { messages.push(hex(message)) },
          connected: () => { turns.push('connected') },
          disconnected: () => { turns.push('disconnected') }
        }, horizon)
        const one = { messages, turns, end }
        all.push(one)
        await comesTrue('connected() was told', () => turns.at(-1) === 'connected')
        return one
      }
      try {
        await run({ open, listen })
      } finally {
        await Promise.all(all.map(async ({ end }) => { await end() }))
      }
    }
  }
}

function hex (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
