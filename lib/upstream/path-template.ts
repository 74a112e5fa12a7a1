import { OptionsError } from '../errors.ts'
import { isAmbiguousPath } from './path.ts'

/**
 * Path to ask an upstream for, from that of a request.
 *
 * @param path - raw, and not ambiguous
 * @returns null where the path is not one of the route's
 */
export type PathOf = (path: string) => string | null

/** A part of a template or of a route's URL: a text, `:name`, or `*` for all that is left. */
interface Segment {
  readonly kind: 'text' | 'name' | 'rest'
  readonly text: string
}

// An upstream that decodes before it looks for the query would cut off what stands behind.
const encodedQuery = /%(?:25)?3f/i

/**
 * Compiles `upstream.path` for one route. What stands for a segment is put there as the client sent it: nothing is decoded and
 * encoded again, so that router and upstream cannot read it in two ways.
 *
 * @param pattern - the route's URL; empty where none is known, such as for a handler of unknown URLs
 * @throws OptionsError
 */
export function compilePath (template: string, pattern: string, path: string): PathOf {
  const parts = templateOf(template, path)
  const isFixed = parts.every(({ kind }) => kind === 'text')
  if (pattern === '') return isFixed ? () => template.replaceAll('::', ':') : () => null
  const route = patternOf(pattern, path)
  const sources = parts.map((part) => part.kind === 'text' ? part.text : indexOf(part, route, pattern, path))
  const hasRest = route.at(-1)?.kind === 'rest'
  if (hasRest && parts.at(-1)?.kind !== 'rest') throw new OptionsError(`${path}: found no * at its end; allowed: as the URL of the route has one, ${pattern}`)

  return (requested) => {
    if (!isFixed && encodedQuery.test(requested)) return null
    const given = requested.slice(1).split('/')
    // A router that ignores the slash at the end gives the route a path with one more, or one fewer.
    if (!hasRest && given.at(-1) === '') given.pop()
    if (!isOf(route, given)) return null
    return `/${sources.map((source) => typeof source === 'string' ? source : source === route.length - 1 && hasRest ? given.slice(source).join('/') : given[source]).join('/')}`
  }
}

/** @throws OptionsError */
function templateOf (template: string, path: string): Segment[] {
  const allowed = 'a path of plain segments, :name for a whole segment, and * for the last one; :: is a colon'
  const parts = segmentsOf(template)
  if (parts === null) throw new OptionsError(`${path}: found ${JSON.stringify(template)}; allowed: ${allowed}`)
  const probe = `/${parts.map(({ kind, text }) => kind === 'text' ? text : 'x').join('/')}`
  refuseUnfixed(probe, path)
  return parts
}

/**
 * A path that a configuration gives must be one that every server reads in the same way.
 *
 * @throws OptionsError
 */
export function refuseUnfixed (given: string, path: string): void {
  if (given.includes('?') || given.includes('#')) throw new OptionsError(`${path}: found a path with a query or a fragment; allowed: a path without`)
  if (isAmbiguousPath(given)) throw new OptionsError(`${path}: found an ambiguous path; allowed: one without //, ;, dot segments and encoded separators`)
  if (new URL(`http://upstream${given}`).pathname !== given) throw new OptionsError(`${path}: found signs that must be percent-encoded; allowed: a path as it goes over the wire`)
}

/** @throws OptionsError */
function patternOf (pattern: string, path: string): Segment[] {
  const segments = pattern.startsWith('/') ? segmentsOf(pattern) : null
  if (segments?.at(-1)?.text === '') segments.pop()
  const names = segments?.flatMap(({ kind, text }) => kind === 'name' ? [text] : []) ?? []
  if (segments === null || segments.some(({ text }) => text === '') || new Set(names).size !== names.length) {
    throw new OptionsError(`${path}: found on a route with the URL ${pattern}; ` +
      'allowed: on routes with a URL of plain segments, :name for a whole segment, each name once and none of them optional, and * for the last one')
  }
  return segments
}

/** Null where a colon or an asterisk stands where none may: regular expressions, optional parameters, several in one segment. */
function segmentsOf (text: string): Segment[] | null {
  const segments = text.slice(1).split('/').map((segment, index, all): Segment | null => {
    if (segment === '*' && index === all.length - 1) return { kind: 'rest', text: segment }
    if (/^:[A-Za-z0-9_]+$/.test(segment)) return { kind: 'name', text: segment.slice(1) }
    return /[:*]/.test(segment.replaceAll('::', '')) ? null : { kind: 'text', text: segment.replaceAll('::', ':') }
  })
  return segments.includes(null) ? null : segments as Segment[]
}

/** Where in the route's URL that stands which a part of the template stands for. @throws OptionsError */
function indexOf (part: Segment, route: readonly Segment[], pattern: string, path: string): number {
  const index = route.findIndex(({ kind, text }) => kind === part.kind && text === part.text)
  const name = part.kind === 'rest' ? '*' : `:${part.text}`
  if (index === -1) throw new OptionsError(`${path}: found ${name}, which the URL of the route, ${pattern}, does not have; allowed: ${namesOf(route)}`)
  return index
}

function namesOf (route: readonly Segment[]): string {
  const names = route.flatMap(({ kind, text }) => kind === 'text' ? [] : [kind === 'rest' ? '*' : `:${text}`])
  return names.length === 0 ? 'plain segments' : names.join(', ')
}

/**
 * Whether a path is one of the route's. The router has found that it is: this holds also where another one than the routed path
 * should ever come here, and where the router takes an empty segment for a parameter.
 */
function isOf (route: readonly Segment[], given: readonly string[]): boolean {
  const hasRest = route.at(-1)?.kind === 'rest'
  if (hasRest ? given.length < route.length : given.length !== route.length) return false
  return route.every(({ kind, text }, index) => {
    const segment = given[index] as string
    // In any case: the router may ignore it.
    if (kind === 'text') return segment === text || decodeURIComponent(segment).toLowerCase() === text.toLowerCase()
    return kind === 'rest' || segment !== ''
  })
}
