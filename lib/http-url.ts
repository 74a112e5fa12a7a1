import { OptionsError } from './errors.ts'

/**
 * An http or https URL of an option. Credentials in it are refused, and never stand in the error.
 *
 * @throws OptionsError
 */
export function httpUrl (text: string, path: string, allowed: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hash === '' && url.username === '' && url.password === '') return url
  const found = text.includes('@') ? 'something with credentials' : JSON.stringify(text.replace(/\?.*/, '?…'))
  throw new OptionsError(`${path}: found ${found}; allowed: ${allowed}`)
}
