import type { Handler, Methods } from './context.ts'

/** GET with HEAD, for paths whose `Allow` names both. */
export function withHead(handler: Handler): Methods {
  return { GET: handler, HEAD: handler }
}

/** One handler for the methods that CouchDB allows for functions of design documents. */
export function commonMethods(handler: Handler): Methods {
  return { DELETE: handler, GET: handler, HEAD: handler, POST: handler, PUT: handler }
}

/** One handler for every method that any path takes. */
export function allMethods(handler: Handler): Methods {
  return { DELETE: handler, GET: handler, POST: handler, PUT: handler, COPY: handler }
}
