// Asks about a token as one of the registered clients does, with nothing of the plugin.

import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { request } from '../../examples/demo/request.ts'
import type { RequestOptions, Response } from '../../examples/demo/request.ts'
import { basic } from './basic.ts'
import type { Introspectors } from './registered-clients.ts'

type Introspector = Introspectors[keyof Introspectors]

interface Question {
  readonly issuer: string
  readonly endpoint: string
  readonly ca: string
  readonly token: string
  readonly accept?: string
}

export const introspectionJwt = 'application/token-introspection+jwt'

/** @param assertion - in place of a fresh one, to send the same one twice */
export async function introspectAs (client: Introspector, question: Question, assertion?: string): Promise<Response> {
  const { issuer, endpoint, ca, token, accept } = question
  const { form = {}, authorization, certificate } = await prove(client, issuer, assertion)
  return await request({
    url: endpoint,
    ca,
    method: 'POST',
    body: new URLSearchParams({ token, ...form }),
    headers: { ...accept !== undefined && { accept }, ...authorization !== undefined && { authorization } },
    ...certificate
  })
}

interface Proof {
  readonly form?: Record<string, string>
  readonly authorization?: string
  readonly certificate?: Pick<RequestOptions, 'certificate' | 'key'>
}

async function prove (client: Introspector, issuer: string, assertion?: string): Promise<Proof> {
  switch (client.method) {
    case 'client_secret_basic':
      return { authorization: basic(client.clientId, client.secret) }
    case 'client_secret_post':
      return { form: { client_id: client.clientId, client_secret: client.secret } }
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return { form: { client_id: client.clientId }, certificate: { certificate: client.certificate.certificate, key: client.certificate.key } }
    default:
      return { form: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion ?? await assertionOf(client, issuer) } }
  }
}

type AssertingIntrospector = Extract<Introspector, { readonly method: 'private_key_jwt' } | { readonly secret: string }>

/** Good for one use (RFC 7523 section 3). */
export async function assertionOf (client: AssertingIntrospector, audience: string): Promise<string> {
  const [header, key] = 'privateKey' in client
    ? [{ alg: client.alg, kid: client.kid }, client.privateKey] as const
    : [{ alg: 'HS256' }, Buffer.from(client.secret)] as const
  return await new SignJWT({ iss: client.clientId, sub: client.clientId, aud: audience, jti: randomUUID() })
    .setProtectedHeader(header).setIssuedAt().setExpirationTime('1m').sign(key)
}
