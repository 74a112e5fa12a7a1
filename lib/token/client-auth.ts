/** How we prove to the authorization server who we are: headers, or parameters of the form. */
export interface ClientAuthentication {
  readonly headers: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
}

export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** RFC 6749 section 2.3.1: id and secret are form-encoded (appendix B) before they become user and password. */
function clientSecretBasic ({ clientId, clientSecret }: ClientCredentials): ClientAuthentication {
  const credentials = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64')
  return { headers: { authorization: `Basic ${credentials}` }, parameters: {} }
}

function clientSecretPost ({ clientId, clientSecret }: ClientCredentials): ClientAuthentication {
  return { headers: {}, parameters: { client_id: clientId, client_secret: clientSecret } }
}

function formEncode (text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

/** Every client authentication by its registered name. */
export const clientAuthMethods = {
  client_secret_basic: clientSecretBasic,
  client_secret_post: clientSecretPost
} as const satisfies Record<string, (credentials: ClientCredentials) => ClientAuthentication>
