// oidc-provider comes without types. This is as much of it as the demo uses.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { TLSSocket } from 'node:tls'

  export interface Context { readonly socket: TLSSocket }
  export interface Client { readonly clientId: string }
  export interface Token { readonly clientId: string }

  export interface Adapter {
    upsert (id: string, payload: object): Promise<void>
    find (id: string): Promise<object | undefined>
    destroy (id: string): Promise<void>
  }

  /** As much of Koa's context as a middleware of ours touches. */
  export interface Exchange {
    readonly path: string
    readonly req: IncomingMessage
    body: unknown
    type: string
    status: number
    set (header: string, value: string): void
  }
  export type Middleware = (context: Exchange, next: () => Promise<void>) => Promise<void>

  export class Provider {
    constructor (issuer: string, configuration: object)
    use (middleware: Middleware): void
    callback (): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  }

  export const errors: { readonly InvalidTarget: new () => Error }
}
