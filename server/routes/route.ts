import type { Right, RouteAccess } from '../routing/access.ts'
import type { Methods, Route } from './context.ts'

/**
 * Returns a row of the table of routes.
 *
 * @param allow value of the `Allow` header, where CouchDB does not name every method
 */
export function route(path: string, access: Right | RouteAccess, methods: Methods, allow?: string): Route {
  const rights = typeof access === 'string' ? { access } : access
  return { path, ...rights, methods, ...(allow === undefined ? {} : { allow }) }
}
