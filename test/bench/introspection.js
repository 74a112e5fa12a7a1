// An authorization server that knows every token, in a process of its own.

import { createServer } from 'node:http'

const [thumbprint, audience] = process.argv.slice(2)
const exp = Math.floor(Date.now() / 1000) + 7200
const answer = JSON.stringify({ active: true, scope: 'accounts', client_id: 'bench', aud: audience, exp, cnf: { 'x5t#S256': thumbprint } })
const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(answer))

server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}/`))
process.on('disconnect', () => process.exit())
