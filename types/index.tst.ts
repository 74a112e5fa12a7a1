import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'tstyche'
import type { Static } from '@sinclair/typebox'
import boundToken, { forward, withAccessToken, type AccessToken, type BoundTokenRouteOptions, type ClientCertificate, type FastifyBoundTokenOptions } from '../lib/index.ts'
import type * as schemas from '../lib/options.ts'
import type {
  CacheOptions, CertificateOptions, FeedsOptions, IntrospectionOptions, IssuerOptions, JwtOptions, KeyOptions, Secret, UpstreamOptions, WebhookOptions, WebSocketMessageOptions, WebSocketOptions
} from './options.ts'
import type { channels } from '../lib/channels.ts'
import type { reasons } from '../lib/errors.ts'
import type { Channels } from './channels.ts'
import type { Reason } from './decision.ts'

describe('generated options are what the schemas say', () => {
  test('plugin', () => expect<FastifyBoundTokenOptions>().type.toBe<Static<typeof schemas.PluginSchema>>())
  test('route', () => expect<BoundTokenRouteOptions>().type.toBe<Static<typeof schemas.RouteSchema>>())
  test('certificate', () => expect<CertificateOptions>().type.toBe<Static<typeof schemas.CertificateSchema>>())
  test('issuer', () => expect<IssuerOptions>().type.toBe<Static<typeof schemas.IssuerSchema>>())
  test('JWT', () => expect<JwtOptions>().type.toBe<schemas.JwtOptions>())
  test('key', () => expect<KeyOptions>().type.toBe<schemas.KeyOptions>())
  test('introspection', () => expect<IntrospectionOptions>().type.toBe<schemas.IntrospectionOptions>())
  test('feeds', () => {
    expect<WebhookOptions>().type.toBe<Static<typeof schemas.WebhookSchema>>()
    expect<WebSocketMessageOptions>().type.toBe<Static<typeof schemas.WebSocketMessageSchema>>()
    expect<WebSocketOptions>().type.toBe<Static<typeof schemas.WebSocketSchema>>()
    expect<FeedsOptions>().type.toBe<Static<typeof schemas.FeedsSchema>>()
  })
  test('cache', () => expect<CacheOptions>().type.toBe<Static<typeof schemas.CacheSchema>>())
  test('upstream', () => expect<UpstreamOptions>().type.toBe<Static<typeof schemas.UpstreamSchema>>())
  test('secret', () => expect<Secret>().type.toBe<Static<typeof schemas.SecretSchema>>())
  test('channels', () => expect<keyof Channels>().type.toBe<`fastify-bound-token:${keyof typeof channels}`>())
  test('reasons', () => expect<Reason>().type.toBe<keyof typeof reasons>())
})

declare const app: FastifyInstance
declare const options: FastifyBoundTokenOptions

describe('in an application', () => {
  test('registration', () => {
    expect(Fastify().register).type.toBeCallableWith(boundToken, options)
    expect(app.register).type.not.toBeCallableWith(boundToken, {})
    expect(app.register).type.not.toBeCallableWith(boundToken, { ...options, certificat: {} } as const)
  })

  test('the config of a route', () => {
    app.get('/', { config: { boundToken: false } }, async () => '')
    app.get('/', { config: { boundToken: { scopes: ['a'], binding: 'optional' } } }, async () => '')
    app.get('/', { config: { boundToken: { upstream: { url: 'http://127.0.0.1' } } } }, forward)
    app.get('/', { config: { boundToken: { upstream: { url: 'http://127.0.0.1' } } }, handler: forward })
    expect<BoundTokenRouteOptions>().type.not.toBeAssignableFrom<{ scope: string[] }>()
    expect<BoundTokenRouteOptions>().type.not.toBeAssignableFrom<{ binding: 'maybe' }>()
  })

  test('the request, honestly: null where nobody was let in', () => {
    app.get('/', async (request) => {
      expect(request.accessToken).type.toBe<AccessToken | null>()
      expect(request.clientCertificate).type.toBe<ClientCertificate | null>()
    })
  })

  test('withAccessToken: not null, and the rest of the route\'s types as they are', () => {
    app.get<{ Params: { id: string } }>('/:id', withAccessToken(async (request, reply) => {
      expect(request.accessToken).type.toBe<AccessToken>()
      expect(request.params.id).type.toBe<string>()
      expect(reply.code).type.toBeCallableWith(200)
    }))
  })

  test('claims', () => {
    expect<AccessToken['claims']['sub']>().type.toBe<string | undefined>()
    expect<AccessToken['claims']>().type.toBeAssignableFrom<{ anything: { nested: number[] } }>()
  })

  test('the decorator', () => {
    expect(app.boundToken.evict).type.toBeCallableWith({ token: 'x' })
    expect(app.boundToken.evict).type.not.toBeCallableWith({ sub: 'x' })
    expect(app.boundToken.stats().tokens.hits).type.toBe<number>()
  })
})
