import { createPrivateKey, randomUUID, type JsonWebKey } from 'node:crypto'
import { SignJWT, type JWTPayload } from 'jose'
import type { Middleware } from 'oidc-provider'

/**
 * The phantom-token answer of the Curity Identity Server, which oidc-provider does not have: whoever accepts `application/jwt` gets
 * the JWT that the token stands for, with what introspection (RFC 7662) would have said, or 204 and nothing.
 *
 * @param signingKey - one of the provider's own, so that its JWK set has the public half
 */
export function phantomTokens (signingKey: JsonWebKey): Middleware {
  const key = createPrivateKey({ key: signingKey, format: 'jwk' })
  const { alg, kid } = signingKey as { readonly alg: string, readonly kid: string }

  return async (context, next) => {
    await next()
    const isAskedFor = context.path === '/token/introspection' && context.status === 200 && (context.req.headers.accept ?? '').includes('application/jwt')
    if (!isAskedFor) return
    const { active, token_type: _, ...claims } = context.body as JWTPayload & { readonly active: boolean }
    if (!active) {
      context.status = 204
      return
    }
    // A token that a client gets for itself has the client for its subject (RFC 9068 section 2.2).
    const complete = { sub: claims['client_id'] as string, jti: randomUUID(), ...definedOf(claims) }
    context.body = await new SignJWT(complete).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(key)
    context.type = 'application/jwt'
    context.set('cache-control', 'max-age=300')
  }
}

function definedOf (claims: JWTPayload): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
