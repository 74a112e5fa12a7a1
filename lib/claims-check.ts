import { Ajv, type AnySchema } from 'ajv'
import type { Claims } from '../types/access-token.ts'
import { OptionsError } from './errors.ts'

export type ClaimsCheck = (claims: Claims) => boolean

/** The schema of the plugin's options is that of every route. */
const compiled = new WeakMap<object, ClaimsCheck>()

/**
 * A JSON Schema over the claims of a token, compiled once. Nothing is coerced and no default filled in; a keyword or format that
 * is not known stops the boot, since it would check nothing.
 *
 * @throws OptionsError
 */
export function claimsCheck (schema: object, path: string): ClaimsCheck {
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const check = compile(schema, path)
  compiled.set(schema, check)
  return check
}

function compile (schema: object, path: string): ClaimsCheck {
  try {
    const ajv = new Ajv({ strict: true, ownProperties: true, strictRequired: false, strictTypes: false, strictTuples: false, allowUnionTypes: true })
    const validate = ajv.compile<Claims>(schema as AnySchema)
    if ('$async' in validate) throw new Error('an asynchronous schema')
    return (claims) => validate(claims)
  } catch (error) {
    throw new OptionsError(`${path}: found a schema that cannot be used (${(error as Error).message}); allowed: a JSON Schema`)
  }
}
