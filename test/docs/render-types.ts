import type { TSchema } from '@sinclair/typebox'
import * as options from '../../lib/options.ts'

const issuer = options.IssuerSchema
const interfaces = [
  options.PluginSchema, options.CertificateSchema, options.NameSchema, options.MatchSchema, options.CertificateTrustSchema, options.RevocationSchema,
  options.ProxyCertificateSchema, issuer, issuer.properties.introspection, issuer.properties.introspection.properties.breaker,
  issuer.properties.introspection.properties.clientAuth,
  issuer.properties.jwt, issuer.properties.jwt.properties.decryption, options.KeySchema, issuer.properties.tls,
  options.CacheSchema, options.StoreSchema, options.StoreSchema.properties.redis, options.FeedsSchema,
  options.WebhookSchema, options.WebSocketSchema, options.WebSocketMessageSchema, options.RouteSchema, options.UpstreamSchema,
  options.UpstreamSchema.properties.request, options.FailureAnswerSchema, options.GatewayRouteSchema, options.RespondSchema, options.GatewaySchema, options.ServerSchema, options.LogSchema
] as TSchema[]

/** types/options.ts, from lib/options.ts. */
export function renderTypes (): string {
  return [
    '// Generated from lib/options.ts by `npm run docs`; a test fails when it is stale.',
    "import type { CertificateDecoder } from './client-certificate.ts'",
    "import type { EvictionChannel, RedisClient, TokenStore } from './token-store.ts'\n",
    '/** A secret: its text, where it stands, or a function that gives it. Read at boot; a file again when it changes. */',
    `export type Secret = ${union(options.SecretSchema)}\n`,
    '/** Certificate authorities in PEM. */',
    `export type CertificateAuthorities = ${union(options.UpstreamSchema.properties.tls.properties.ca)}\n`,
    '/** One way to know a proxy. */',
    `export type TrustedProxy = ${union(options.TrustedProxySchema)}\n`,
    '/** The value of a header that goes upstream. */',
    `export type UpstreamHeaderValue = ${union(options.HeaderValueSchema)}\n`,
    '/** The value of a field in a form that goes upstream. */',
    `export type UpstreamFormValue = ${union(options.FormValueSchema)}\n`,
    ...interfaces.map((schema) => `export interface ${schema['typeName']} ${properties(schema, '')}\n`)
  ].join('\n')
}

function properties (schema: TSchema, indent: string): string {
  const required: string[] = schema['required'] ?? []
  const lines = Object.entries(schema['properties'] as Record<string, TSchema>).flatMap(([name, property]) => [
    ...jsdoc(property, indent + '  '),
    `${indent}  ${name}${required.includes(name) ? '' : '?'}: ${typeText(property, indent + '  ')}`
  ])
  return ['{', ...lines, `${indent}}`].join('\n')
}

function jsdoc (schema: TSchema, indent: string): string[] {
  if (schema.description === undefined) return []
  const byDefault = schema.default === undefined ? [] : [`${indent} *`, `${indent} * @defaultValue ${JSON.stringify(schema.default)}`]
  if (byDefault.length === 0) return [`${indent}/** ${schema.description} */`]
  return [`${indent}/**`, `${indent} * ${schema.description}`, ...byDefault, `${indent} */`]
}

export function typeText (schema: TSchema, indent = ''): string {
  if (schema['tsType'] !== undefined) return schema['tsType']
  if (schema['typeName'] !== undefined) return schema['typeName']
  if (schema['const'] !== undefined) return typeof schema['const'] === 'string' ? `'${schema['const']}'` : String(schema['const'])
  if (schema['anyOf'] !== undefined) return union(schema, indent)
  if (schema['patternProperties'] !== undefined) return `Record<string, ${typeText(Object.values(schema['patternProperties'] as Record<string, TSchema>)[0] as TSchema, indent)}>`
  if (schema['type'] === 'object') return properties(schema, indent)
  if (schema['type'] === 'integer') return 'number'
  if (schema['type'] !== 'array') return schema['type'] ?? 'unknown'
  const item = typeText(schema['items'], indent)
  return item.includes(' | ') ? `Array<${item}>` : `${item}[]`
}

function union (schema: TSchema, indent = ''): string {
  return (schema['anyOf'] as TSchema[]).map((member) => typeText(member, indent)).join(' | ')
}
