import { Type, type TSchema } from '@sinclair/typebox'
import { GatewaySchema } from '../options.ts'

// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1; `priv` of AKP keys (RFC 9964).
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

const byReference = '{ env } or { file }: secrets do not stand in the file itself'

/**
 * What may stand in a file: options without functions, which no file can hold, and without secrets in plain text, since files are
 * copied, committed and mailed. JWKs are public.
 */
function forFiles (schema: TSchema): TSchema {
  const isSecret = schema['typeName'] === 'Secret'
  const changed: TSchema = { ...schema, ...isSecret && { allowed: byReference } }
  if (Array.isArray(schema['anyOf'])) {
    const forms: TSchema[] = schema['anyOf'].filter(({ type }) => type !== 'Function' && !(isSecret && type === 'string')).map(forFiles)
    if (forms.length === 1) return { ...forms[0], ...withoutForms(schema) } as TSchema
    changed['anyOf'] = forms
  }
  if (schema['properties'] !== undefined) changed['properties'] = eachOf(schema['properties'], forFiles)
  if (schema['patternProperties'] !== undefined) changed['patternProperties'] = eachOf(schema['patternProperties'], forFiles)
  if (schema['items'] !== undefined) changed['items'] = forFiles(schema['items'])
  if (isJwk(schema)) return { ...changed, typeName: 'PublicJwk', properties: { ...changed['properties'], ...publicOnly } } as TSchema
  return changed
}

/** What a union says of itself, for the only form that is left of it. */
function withoutForms ({ allowed, description, default: byDefault, secret }: TSchema): object {
  return {
    ...allowed !== undefined && { allowed: String(allowed).replace(/, a function$/, '') },
    ...description !== undefined && { description },
    ...byDefault !== undefined && { default: byDefault },
    ...secret !== undefined && { secret }
  }
}

function eachOf (schemas: Record<string, TSchema>, change: (schema: TSchema) => TSchema): Record<string, TSchema> {
  return Object.fromEntries(Object.entries(schemas).filter(([, { type }]) => type !== 'Function').map(([name, schema]) => [name, change(schema)]))
}

/** RFC 7517: the one object of ours whose other members are not ours to list. */
function isJwk (schema: TSchema): boolean {
  return schema['type'] === 'object' && schema['additionalProperties'] === undefined && schema['properties']?.kty !== undefined
}

const publicOnly = Object.fromEntries(privateMembers.map((name) => [name, Type.Optional(Type.Never({
  secret: true, allowed: 'public members; a private or secret key stands in the file only by reference, { env } or { file }'
}))]))

/** A gateway file. */
export const FileSchema: typeof GatewaySchema = forFiles(GatewaySchema) as typeof GatewaySchema
