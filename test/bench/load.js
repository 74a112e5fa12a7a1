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
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.latin1Slice()
      if (!isComplete(received)) return
      if (!received.startsWith('HTTP/1.1 200')) refused++
      received = ''
      send()
    })
  })))
  process.send(refused)
})

/** Every answer has a Content-Length; one that is proxied may come in pieces. */
function isComplete (received) {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(received)
  return length !== null && received.length >= end + 4 + Number(length[1])
}
