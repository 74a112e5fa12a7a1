import type { AccessToken } from '../types/access-token.ts'
import { NotJudgedError } from './errors.ts'

/**
 * For a handler that cannot do without an access token: its `request.accessToken` is not null, for the compiler and in
 * truth. On a public route, or one in report mode, the request fails with 500 `FST_BOUND_TOKEN_NOT_JUDGED`.
 */
export function withAccessToken<This, Request extends { accessToken: AccessToken | null }, Reply, Result> (
  handler: (this: This, request: Request & { accessToken: AccessToken }, reply: Reply) => Result
): (this: This, request: Request, reply: Reply) => Result {
  return function protectedHandler (request, reply) {
    // Undefined where the plugin is not registered, or came after the scope of the route.
    if (request.accessToken === null || request.accessToken === undefined) throw new NotJudgedError()
    return handler.call(this, request as Request & { accessToken: AccessToken }, reply)
  }
}
