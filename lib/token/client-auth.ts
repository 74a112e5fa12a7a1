import { randomUUID } from 'node:crypto'
import type { Key } from './keys/key.ts'
import { loadedOnce } from './loaded-once.ts'

const signing = loadedOnce(() => import('jose/jwt/sign'))

/** What a call proves who we are with: headers, or parameters of the form. */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
}

/** The proof itself, or what makes a new one for each call. */
export type ClientAuthentication = ClientProof | (() => Promise<ClientProof>)

/** What the options give; each method needs some of it. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly key: Key
  readonly algorithm: string
  /** The access token of `bearer`; asked for on each call. */
  readonly token: () => Promise<string>
  /** Whom an assertion is for. */
  readonly issuer: string
}

export type Credential = 'clientSecret' | 'key' | 'token'

interface ClientAuthMethod {
  /** What it can't do without, beside the client identifier. */
  readonly needs: readonly Credential[]
  readonly isMutualTls?: true
  authenticate (credentials: ClientCredentials): ClientAuthentication
}

/** Seconds that an assertion is good for; it is used at once. */
const assertionLifetime = 60

/** RFC 6749 section 2.3.1: id and secret are form-encoded (appendix B) before they become user and password. */
function clientSecretBasic ({ clientId, clientSecret }: ClientCredentials): ClientProof {
  const credentials = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64')
  return { headers: { authorization: `Basic ${credentials}` }, parameters: {} }
}

function clientSecretPost ({ clientId, clientSecret }: ClientCredentials): ClientProof {
  return { headers: {}, parameters: { client_id: clientId, client_secret: clientSecret } }
}

/** RFC 7523 section 3: a new assertion for each call, since servers refuse a `jti` that they have seen. */
function assertion ({ clientId, key, algorithm, issuer }: ClientCredentials): ClientAuthentication {
  return async () => {
    // Who compiles the options has loaded it.
    const { SignJWT } = await signing()
    const now = Math.floor(Date.now() / 1000)
    const jwt = await new SignJWT({ iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now, exp: now + assertionLifetime })
      .setProtectedHeader({ alg: algorithm, ...(key.kid === null ? {} : { kid: key.kid }) })
      .sign(key.key)
    return {
      headers: {},
      parameters: { client_id: clientId, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: jwt }
    }
  }
}

/** RFC 8705 section 2: the connection proves it; the parameter says whom. */
function mutualTls ({ clientId }: ClientCredentials): ClientProof {
  return { headers: {}, parameters: { client_id: clientId } }
}

/** RFC 7662 section 2.1: an access token of our own. */
function bearer ({ token }: ClientCredentials): ClientAuthentication {
  return async () => ({ headers: { authorization: `Bearer ${await token()}` }, parameters: {} })
}

/** Nothing is proven; the parameter is sent where there is a client identifier. */
function none ({ clientId }: ClientCredentials): ClientProof {
  return { headers: {}, parameters: clientId === '' ? {} : { client_id: clientId } }
}

function formEncode (text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

/** Every client authentication by its registered name (RFC 8414 section 2). */
export const clientAuthMethods = {
  client_secret_basic: { needs: ['clientSecret'], authenticate: clientSecretBasic },
  client_secret_post: { needs: ['clientSecret'], authenticate: clientSecretPost },
  client_secret_jwt: { needs: ['clientSecret'], authenticate: assertion },
  private_key_jwt: { needs: ['key'], authenticate: assertion },
  tls_client_auth: { needs: [], isMutualTls: true, authenticate: mutualTls },
  self_signed_tls_client_auth: { needs: [], isMutualTls: true, authenticate: mutualTls },
  bearer: { needs: ['token'], authenticate: bearer },
  none: { needs: [], authenticate: none }
} as const satisfies Record<string, ClientAuthMethod>
