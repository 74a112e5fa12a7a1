// One contender in a process of its own, so that it is measured alone: V8 sees the shapes of this one only.

import { contenders, type Material } from './contenders.ts'

process.on('message', async (message: { start: number, material: Material } | 'usage') => {
  if (message === 'usage') {
    process.send?.({ usage: process.cpuUsage() })
    return
  }
  const app = await contenders[message.start]?.start(message.material)
  process.send?.({ url: await app?.listen({ host: '127.0.0.1', port: 0 }) })
})

// Not killed: a profile is written when the process ends by itself.
process.on('disconnect', () => process.exit())
