// An authorization server that knows every token, in a process of its own.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JSONWebKeySet } from 'jose'
import { answering } from './answering.ts'
import { claimsOf, type TokenMaterial } from './tokens.ts'

export type Question = { material: TokenMaterial, jwks: JSONWebKeySet } | { calls: true }

/** Milliseconds that answers about late tokens take: enough for all to ask meanwhile. */
const lateness = 400
let material: TokenMaterial
let jwks = ''
let calls = 0

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.url === '/jwks') {
    response.end(jwks)
    return
  }
  calls++
  let form = ''
  request.setEncoding('latin1').on('data', (chunk: string) => { form += chunk }).on('end', () => {
    const token = /(?:^|&)token=([^&]*)/.exec(form)?.[1] ?? ''
    const { auth_time: _authTime, ...claims } = claimsOf(token, material)
    const answer = JSON.stringify({ active: true, token_type: 'Bearer', username: 'alice', ...claims })
    if (token.startsWith('late-')) setTimeout(() => response.end(answer), lateness)
    else response.end(answer)
  })
})

answering<Question>(async (question) => {
  if ('calls' in question) return { calls }
  material = question.material
  jwks = JSON.stringify(question.jwks)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
})
