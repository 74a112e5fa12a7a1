import type { TSchema } from '@sinclair/typebox'
import { FileSchema } from './file-schema.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown }

/**
 * The JSON Schema (draft 7) of a gateway file, for editors and for checks elsewhere. Parts that have a name stand once, under
 * `definitions`; our own keywords are left out.
 */
export function gatewayJsonSchema (): JsonSchema {
  const definitions: Record<string, JsonSchema> = {}
  const root = converted(FileSchema, definitions)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Gateway file of fastify-bound-token',
    ...root,
    definitions: Object.fromEntries(Object.entries(definitions).sort(([one], [other]) => one < other ? -1 : 1))
  }
}

function converted (schema: TSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  const about = {
    ...schema.description !== undefined && { description: schema.description },
    ...schema.default !== undefined && { default: schema.default }
  }
  if (schema['typeName'] === undefined || schema === FileSchema) return { ...about, ...formOf(schema, definitions) }
  const name = schema['typeName'] as string
  define(definitions, name, formOf(schema, definitions))
  const reference = { $ref: `#/definitions/${name}` }
  // Beside $ref, draft 7 ignores everything.
  return Object.keys(about).length === 0 ? reference : { ...about, allOf: [reference] }
}

function define (definitions: Record<string, JsonSchema>, name: string, form: JsonSchema): void {
  const known = definitions[name]
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(form)) throw new Error(`two schemas have the name ${name}`)
  definitions[name] = form
}

function formOf (schema: TSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  if (Array.isArray(schema['anyOf'])) return union(schema['anyOf'], definitions)
  if (schema['const'] !== undefined) return { const: schema['const'] }
  if (schema['not'] !== undefined) return { not: {} }
  if (schema['type'] === 'object') return objectForm(schema, definitions)
  const { type, minLength, pattern, minimum, maximum, minItems, items } = schema
  return present({ type, minLength, pattern, minimum, maximum, minItems, items: items === undefined ? undefined : converted(items, definitions) })
}

/** Editors complete the values of an `enum`. */
function union (forms: TSchema[], definitions: Record<string, JsonSchema>): JsonSchema {
  const constants = forms.map((form) => form['const'])
  if (constants.every((constant) => typeof constant === 'string')) return { type: 'string', enum: constants }
  return { anyOf: forms.map((form) => converted(form, definitions)) }
}

function objectForm (schema: TSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  const eachOf = (schemas: Record<string, TSchema>): JsonSchema => Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, converted(one, definitions)]))
  const { required, properties, patternProperties, additionalProperties } = schema
  return present({
    type: 'object',
    properties: properties === undefined ? undefined : eachOf(properties),
    required: required?.length > 0 ? required : undefined,
    patternProperties: patternProperties === undefined ? undefined : eachOf(patternProperties),
    additionalProperties
  })
}

function present (schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined))
}
