// What the proxying contenders forward to: a process of its own, so that only the gateway's CPU counts.

import { createServer } from 'node:http'

const body = JSON.stringify({ accounts: [] })

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }).end(body)
})
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`))
