// The other process of the benchmark: sends ready-made bytes over kept connections and counts the answers.

import { connect } from 'node:net'

const connections = 16

process.on('message', async ({ url, count, headers, tokens }) => {
  const { hostname, port } = new URL(url)
  const requests = tokens.map((token) => Buffer.from([
    'GET /accounts HTTP/1.1', `host: ${hostname}`, `authorization: Bearer ${token}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''
  ].join('\r\n')))
  let next = 0
  let refused = 0

  await Promise.all(Array.from({ length: connections }, () => new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    const send = () => {
      if (next >= count) return socket.end(resolve)
      socket.write(requests[next++ % requests.length])
    }
    socket.on('connect', send)
    socket.on('error', reject)
    // Answers are far smaller than a segment: one chunk is one answer.
    socket.on('data', (answer) => {
      if (!answer.subarray(0, 12).equals(Buffer.from('HTTP/1.1 200'))) refused++
      send()
    })
  })))
  process.send(refused)
})
