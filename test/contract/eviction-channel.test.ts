import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { evictionChannelCases } from '../../lib/contract/eviction-channel.ts'
import { testEvictionChannel } from '../../lib/contract/index.ts'
import type { EvictionChannel, EvictionListener } from '../../types/token-store.ts'
import { medium, memoryChannel, type Medium } from '../doubles/shared-memory.ts'

const shared = medium()
testEvictionChannel('in memory', () => memoryChannel(shared))

type Breaks = (channel: EvictionChannel, medium: Medium) => Partial<EvictionChannel>

/** Listens with another listener in between. */
function through (channel: EvictionChannel, change: (listener: EvictionListener) => Partial<EvictionListener>): Partial<EvictionChannel> {
  return { listen: (listener, horizon) => channel.listen({ ...listener, ...change(listener) }, horizon) }
}

const late = 'who comes late is told what was published before, and only then that he is connected'

/** Channels with one fault each, and a case that it must not get past. */
const faults: Record<string, readonly [breaks: Breaks, caught: string]> = {
  'never says that it is connected': [(channel) => through(channel, () => ({ connected () {} })), 'who listens is told when he is connected, without a message'],
  'sends text': [(channel) => ({ publish: (message) => channel.publish(Buffer.from(Buffer.from(message).toString())) }), 'a message reaches everybody else as it is'],
  'tells only one': [(_channel, { listeners, messages }) => ({
    async publish (message) {
      messages.push(message)
      ;[...listeners][0]?.message(message)
    }
  }), 'a message reaches everybody else as it is'],
  'cuts off': [(channel) => ({ publish: (message) => channel.publish(message.subarray(0, 8192)) }), 'from one byte to 65536, also as a part of a larger buffer'],
  'sends the whole buffer': [(channel) => ({ publish: (message) => channel.publish(new Uint8Array(message.buffer)) }), 'from one byte to 65536, also as a part of a larger buffer'],
  'overtakes itself': [(channel) => {
    const held: Uint8Array[] = []
    return {
      async publish (message) {
        held.unshift(message)
        if (held.length === 50) for (const each of held) await channel.publish(each)
      }
    }
  }, 'messages of one process arrive in their order'],
  'keeps nothing': [(channel, { messages }) => ({
    async publish (message) {
      await channel.publish(message)
      messages.length = 0
    }
  }), late],
  'is connected before it has told all': [(channel, { messages }) => ({
    listen (listener, horizon) {
      listener.connected()
      return channel.listen({ ...listener, connected () {}, message: (message) => { if (messages.length === 0) listener.message(message) } }, horizon)
    }
  }), late],
  'publishes only while it listens': [(channel) => {
    let isListening = false
    return {
      publish: async (message) => { if (isListening) await channel.publish(message) },
      listen (...all) {
        isListening = true
        return channel.listen(...all)
      }
    }
  }, 'who publishes need not listen, and who listens may publish'],
  'says all things twice': [(channel) => through(channel, (listener) => ({ connected () { listener.connected(); listener.connected() } })), 'connected and disconnected take turns'],
  'cannot be ended': [(channel) => ({ listen (...all) { channel.listen(...all); return async () => {} } }), 'after the end nothing is told'],
  'never ends': [(channel) => ({ listen (...all) { channel.listen(...all); return () => new Promise(() => {}) } }), 'to listen and end at once ends'],
  'calls before one can end it': [(channel) => ({ listen (listener, horizon) { listener.connected(); return channel.listen(listener, horizon) } }), 'to listen and end at once ends']
}

// Some wait for what never comes.
describe('broken ones', { concurrency: true }, () => {
  for (const [name, [breaks, caught]] of Object.entries(faults)) {
    test(`a channel that ${name} does not get past "${caught}"`, async () => {
      const run = evictionChannelCases.find((each) => each.name === caught)?.run as typeof evictionChannelCases[0]['run']
      const good = medium()
      await run(async () => memoryChannel(good))
      const bad = medium()
      await assert.rejects(run(async () => {
        const channel = memoryChannel(bad)
        return { ...channel, ...breaks(channel, bad) }
      }), { name: 'AssertionError' })
    })
  }
})

test('every case catches some fault', () => {
  assert.deepEqual(evictionChannelCases.map(({ name }) => name).filter((name) => !Object.values(faults).some(([, caught]) => caught === name)), [])
})
