// What happens to whom: each row is one request over a connection of its own.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Decision } from 'fastify-bound-token'
import { request, requestToken, revokeToken } from './request.ts'
import type { RequestOptions } from './request.ts'
import type { ClientCertificate } from './pki.ts'
import type { Stage } from './stage.ts'

export interface Row {
  readonly title: string
  readonly expected: string
  readonly actual: string
}

interface Act {
  readonly title: string
  /** Status, and the reason that the operator sees. */
  readonly expected: string
  /** What happens before. */
  readonly before?: () => Promise<unknown> | unknown
  readonly send: Omit<RequestOptions, 'url'> & { readonly url?: string, readonly path?: string }
}

/** Plays every act and tells what came of it. Leaves the stage as it was. */
export async function play (stage: Stage): Promise<Row[]> {
  const rows: Row[] = []
  for (const { title, expected, before, send } of await acts(stage)) {
    await before?.()
    rows.push({ title, expected, actual: await outcome(stage, send) })
  }
  await stage.authorizationServer.resume()
  return rows
}

async function outcome (stage: Stage, { url = stage.front.url, path = '/accounts', ...options }: Act['send']): Promise<string> {
  let reason: string | null = null
  const listen = (decision: unknown): void => { reason = (decision as Decision).reason }
  subscribe('fastify-bound-token:decision', listen)
  try {
    const { status } = await request({ ca: stage.ca, ...options, url: url + path })
    return reason === null ? String(status) : `${status} ${reason}`
  } finally {
    unsubscribe('fastify-bound-token:decision', listen)
  }
}

async function acts (stage: Stage): Promise<Act[]> {
  const { authorizationServer, partner, thief, service, plainUrl } = stage
  const bound = (scope: string) => token(stage, partner, scope)
  const good = await bound('accounts')
  const another = await bound('accounts')
  const late = await bound('accounts')
  const payments = await bound('payments')
  const unbound = await requestToken({ authorizationServer, clientId: 'unbound', credentials: { secret: stage.unboundSecret }, scope: 'accounts' })
  const forged = { 'x-ssl-cert': encodeURIComponent(partner.certificate), 'x-ssl-verify': 'SUCCESS' }
  const by = ({ certificate, key }: ClientCertificate, accessToken: string, more = {}) =>
    ({ certificate, key, headers: { ...bearer(accessToken), ...more } })

  return [
    { title: 'the right certificate', expected: '200', send: by(partner, good) },
    { title: 'the same, forwarded to the upstream', expected: '200', send: { ...by(partner, good), path: '/ledger' } },
    { title: 'a public route, with nothing', expected: '200', send: { path: '/health' } },
    { title: 'no token', expected: '401 token_missing', send: { certificate: partner.certificate, key: partner.key } },
    { title: 'stolen token, the thief\'s own certificate', expected: '401 binding_mismatch', send: by(thief, good) },
    { title: 'stolen token, no certificate', expected: '401 certificate_missing', send: { headers: bearer(good) } },
    { title: 'stolen token, forged header through the front', expected: '401 binding_mismatch', send: by(thief, good, forged) },
    { title: 'the same without a certificate', expected: '401 certificate_missing', send: { headers: { ...bearer(good), ...forged } } },
    { title: 'stolen token, forged header straight to the service', expected: '401 certificate_source_untrusted', send: { url: plainUrl, headers: { ...bearer(good), ...forged } } },
    { title: 'a token that is bound to nothing', expected: '401 binding_missing', send: by(partner, unbound.access_token) },
    { title: 'a token without the scope', expected: '403 scope_insufficient', send: by(partner, payments) },
    { title: 'a token that was made up', expected: '401 token_inactive', send: by(partner, 'made-up') },
    { title: 'authorization server down, known token', expected: '200', before: () => authorizationServer.pause(), send: by(partner, good) },
    { title: 'authorization server down, new token', expected: '503 issuer_unavailable', send: by(partner, late) },
    { title: 'authorization server back, the same token', expected: '200', before: () => authorizationServer.resume(), send: by(partner, late) },
    { title: 'revoked before its first use', expected: '401 token_inactive', before: () => revoke(stage, another), send: by(partner, another) },
    {
      title: 'revoked after use, and evicted',
      expected: '401 token_inactive',
      before: async () => {
        await revoke(stage, good)
        service.boundToken.evict({ token: good })
      },
      send: by(partner, good)
    }
  ]
}

export async function token ({ authorizationServer }: Stage, credentials: ClientCertificate, scope: string): Promise<string> {
  const answer = await requestToken({ authorizationServer, clientId: 'partner', credentials, scope })
  return answer.access_token
}

async function revoke ({ authorizationServer, partner }: Stage, accessToken: string): Promise<void> {
  await revokeToken({ authorizationServer, clientId: 'partner', credentials: partner, token: accessToken })
}

function bearer (accessToken: string): { authorization: string } {
  return { authorization: `Bearer ${accessToken}` }
}
