import type { Right, RouteAccess } from './access.ts'

/** A row of the route table: a path with the right that it needs and the handlers of its methods. */
export interface RouteEntry<Handler> extends RouteAccess {
  /**
   * Text, `:name` for one segment and, last, `*name` for one or more: "/:db/_design/:name/_view/:view/*more".
   * `:docid` takes no segment that begins with an underscore, `:systemName` takes no other. Where several rows match, text
   * beats `:name`, and that beats `*name`.
   */
  readonly path: string
  /** GET answers HEAD too, if HEAD has no handler of its own. Any other method is 405. */
  readonly methods: Readonly<Record<string, Handler>>
  /** Value of the `Allow` header of a 405. Default: all of `methods`, in their order, which is CouchDB's. */
  readonly allow?: string
}

/** A decoded segment of a path; null where its bytes are not UTF-8. */
export type PathSegment = string | null

/** A request's place in the route table. */
export interface RouteMatch<Handler> {
  /** Undefined for a path that the table does not have. */
  readonly route: RouteEntry<Handler> | undefined
  readonly right: Right
  /** Segments by the names in the route's path. */
  readonly params: Readonly<Record<string, PathSegment>>
  /** The segments that `*name` stands for. */
  readonly rest: readonly PathSegment[]
  /** All segments of the path; none for the server's root. */
  readonly segments: readonly PathSegment[]
}

/** Returns the handler of a method, undefined where the route does not take the method. */
export function handlerOf<Handler>({ methods }: RouteEntry<Handler>, method: string): Handler | undefined {
  return methods[method] ?? (method === 'HEAD' ? methods.GET : undefined)
}

/** Returns the value of the `Allow` header. */
export function allowedMethods({ methods, allow }: RouteEntry<unknown>): string {
  return allow ?? Object.keys(methods).join(',')
}
