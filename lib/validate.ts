import type { TSchema } from '@sinclair/typebox'
import { Value, ValueErrorType, type ValueError } from '@sinclair/typebox/value'
import { OptionsError } from './errors.ts'

/**
 * Refuses options that their schema does not allow, with one error that names the path, what was found and what is allowed.
 * The value is left as it is.
 *
 * @param root - what to call the object itself, e.g. `options`
 * @throws OptionsError
 */
export function validateOptions (schema: TSchema, value: unknown, root: string): void {
  const error = Value.Errors(schema, value).First()
  if (error !== undefined) throw new OptionsError(explain(error, root))
}

function explain (error: ValueError, root: string): string {
  const path = [root, ...error.path.split('/').slice(1)].join('.').replace(/\.(\d+)(?=\.|$)/g, '[$1]')
  if (error.type === ValueErrorType.ObjectAdditionalProperties) {
    const parent = error.schema
    const names = Object.keys(parent['properties'] ?? {})
    return `${path}: unknown option; allowed: ${names.length > 0 ? names.join(', ') : parent['allowed']}`
  }
  if (error.type === ValueErrorType.ObjectRequiredProperty) return `${path}: missing; allowed: ${allowedBy(error.schema)}`
  return `${path}: found ${describe(error.value, isSecret(error.schema))}; allowed: ${allowedBy(error.schema)}`
}

function isSecret (schema: TSchema): boolean {
  return schema['secret'] === true
}

function describe (value: unknown, secret: boolean): string {
  if (typeof value === 'string') return secret || value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'undefined') return 'nothing'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function allowedBy (schema: TSchema): string {
  if (typeof schema['allowed'] === 'string') return schema['allowed']
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].map(allowedBy).join(', ')
  if (schema['const'] !== undefined) return JSON.stringify(schema['const'])
  if (schema['type'] === 'integer') return `an integer from ${schema['minimum']} to ${schema['maximum']}`
  if (schema['type'] === 'boolean') return 'true or false'
  if (schema['type'] === 'object') return `an object with ${Object.keys(schema['properties']).join(', ')}`
  return `a value of type ${schema['type']}`
}
