import type { CallOptions } from '../../helpers/http.ts'

/** Roles that may use a route; the refusals of others are in `REFUSALS`. */
export type Right = 'everybody' | 'user' | 'metrics' | 'server-admin' | 'member' | 'db-admin' | 'maintainer'

/** Names that a cell of the table works with: a database of its own, with a document and a design document. */
export interface Cell {
  readonly db: string
  readonly docRev: string
  readonly designRev: string
}

export interface Row {
  /** As the route is registered: "GET /:db/:docid". */
  readonly route: string
  readonly right: Right
  /** Status for those who may; "answered" is anything but a refusal. */
  readonly status: number | 'answered'
  /** The request, where it is more than the path with its names filled in. */
  readonly request?: (cell: Cell) => { readonly path: string } & CallOptions
}

/** Returns a row of the table. */
export function row(route: string, right: Right, status: Row['status'], request?: Row['request']): Row {
  return { route, right, status, ...(request === undefined ? {} : { request }) }
}
