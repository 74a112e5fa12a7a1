import type { FastifyInstance } from 'fastify'
import { AlreadyRegisteredError } from './errors.ts'

const registered = new WeakMap<object, FastifyInstance[]>()

/**
 * Refuses a second registration on one chain of scopes, whichever of the two loads first. A child scope has its parent as
 * prototype; siblings are free to have a registration each.
 *
 * @throws AlreadyRegisteredError
 */
export function claimScope (app: FastifyInstance): void {
  const others = registered.get(app.server) ?? []
  const isOnOneChain = (other: FastifyInstance): boolean =>
    other === app || Object.prototype.isPrototypeOf.call(other, app) || Object.prototype.isPrototypeOf.call(app, other)
  if (others.some(isOnOneChain) || app.hasDecorator('boundToken')) throw new AlreadyRegisteredError()
  registered.set(app.server, [...others, app])
}

const hidden = new WeakMap<object, Set<string>>()

/** Folded names of all headers in which some scope of this server reads a certificate: none of them goes to an upstream. */
export function hiddenFields (app: FastifyInstance): Set<string> {
  const names = hidden.get(app.server) ?? new Set()
  hidden.set(app.server, names)
  return names
}
