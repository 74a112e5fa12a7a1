import type { Static, TSchema } from '@sinclair/typebox'
import { Errors, ValueErrorType, type ValueError } from '@sinclair/typebox/errors'
import { OptionsError } from './errors.ts'

/**
 * Refuses options that their schema does not allow, with one error that names the path, what was found and what is allowed.
 *
 * @param root - what to call the object itself, e.g. `options`
 * @returns a frozen copy: what the caller does to the original later changes nothing
 * @throws OptionsError
 */
export function validateOptions<Schema extends TSchema> (schema: Schema, value: unknown, root: string): Static<Schema> {
  const copy = plainCopy(value, root)
  const error = firstOf(Errors(schema, copy))
  if (error !== undefined) throw new OptionsError(explain(error, root))
  return copy as Static<Schema>
}

function firstOf (all: Iterable<ValueError>): ValueError | undefined {
  const errors = [...all]
  // A misspelt option is the reason why another one is missing.
  const error = errors.find(({ type }) => type === ValueErrorType.ObjectAdditionalProperties) ?? errors[0]
  return error?.type === ValueErrorType.Union ? withinUnion(error) : error
}

/** Of several forms, only one may be meant: what is wrong within that says more than what all are. */
function withinUnion (error: ValueError): ValueError {
  const kind = Array.isArray(error.value) ? 'array' : typeof error.value
  if ((kind !== 'object' && kind !== 'array') || error.value === null) return error
  const members: TSchema[] = error.schema['anyOf'] ?? []
  const names = Object.keys(error.value as object)
  const ofKind = members.flatMap((member, index) => member['type'] === kind ? [{ member, within: error.errors[index] as Iterable<ValueError> }] : [])
  const named = ofKind.filter(({ member }) => names.some((name) => Object.hasOwn(member['properties'] ?? {}, name)))
  const meant = ofKind.length === 1 ? ofKind : named
  return meant.length === 1 ? firstOf((meant[0] as { within: Iterable<ValueError> }).within) ?? error : error
}

/** Only what a spread would copy: an option that is inherited, hidden or computed would pass the schema and then be lost. */
function plainCopy (value: unknown, path: string): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map((member, index) => plainCopy(member, `${path}[${index}]`)))
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  if (!isPlain(value)) throw new OptionsError(`${path}: found an object of a class, or with hidden or computed members; allowed: a plain object`)
  for (const [name, member] of Object.entries(value)) {
    Object.defineProperty(copy, name, { value: plainCopy(member, `${path}.${name}`), enumerable: true })
  }
  return Object.freeze(copy)
}

function isPlain (value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // The second is `Object.prototype`, also of another realm (test runners have some).
  const isRoot = prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty'))
  return isRoot && Reflect.ownKeys(value).every((name) => {
    const member = Object.getOwnPropertyDescriptor(value, name)
    return typeof name === 'string' && member?.enumerable === true && 'value' in member
  })
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
  if (secret && typeof value === 'number') return 'a number'
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
