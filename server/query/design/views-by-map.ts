import type { JsonObject } from '../../../protocol/json-value.ts'
import { viewEntries } from './check-shape.ts'

/** Views that have their map function in common. */
export interface SharedMap {
  readonly map: string
  /** The one that an error names. */
  readonly name: string
  readonly reduces: readonly (readonly [name: string, reduce: string])[]
}

/**
 * Returns the views in the order in which CouchDB checks them, which decides whose error is answered: by the source of
 * their map function, and of those that share it the last first (couch_mrview_util:ddoc_to_mrst/2).
 */
export function viewsByMap(ddoc: JsonObject): SharedMap[] {
  const shared = new Map<string, [name: string, view: JsonObject][]>()
  for (const entry of viewEntries(ddoc).reverse()) {
    const key = JSON.stringify([entry[1].map, entry[1].options ?? {}])
    shared.set(key, [...(shared.get(key) ?? []), entry])
  }
  return [...shared.values()]
    .map(sharedMap)
    .sort((a, b) => Buffer.compare(Buffer.from(a.map), Buffer.from(b.map)))
}

function sharedMap(views: readonly [name: string, view: JsonObject][]): SharedMap {
  const reduces = views.flatMap(([name, { reduce }]) =>
    typeof reduce === 'string' ? [[name, reduce] as const] : [],
  )
  const [name, { map }] = views.find(([, { reduce }]) => typeof reduce !== 'string') ?? views[0]!
  return { map: map as string, name, reduces }
}
