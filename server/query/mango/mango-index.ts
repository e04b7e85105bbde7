import { isJsonObject, type JsonObject } from '../../../protocol/json-value.ts'
import { viewEntries } from '../design/check-shape.ts'
import { languageOf, type DesignDocument } from '../design/design-document.ts'
import { sortToJson, type Direction, type Sort } from './sort.ts'

/** An index that a query can use: one of a design document, or that of all documents by id. */
export interface MangoIndex {
  readonly ddoc: DesignDocument | undefined
  readonly name: string
  readonly fields: Sort
  readonly partialFilter: JsonObject | undefined
  readonly partitioned: boolean
}

export const ALL_DOCS: MangoIndex = {
  ddoc: undefined,
  name: '_all_docs',
  fields: [['_id', 'asc']],
  partialFilter: undefined,
  partitioned: false,
}

/** The indexes of design documents in the language "query", by id and name (CouchDB: mango_httpd:handle_index_req/2). */
export function mangoIndexes(ddocs: Iterable<DesignDocument>, databaseIsPartitioned: boolean): MangoIndex[] {
  return [...ddocs]
    .filter(({ value }) => languageOf(value) === 'query')
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(ddoc =>
      viewEntries(ddoc.value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([name, view]) => indexOf(ddoc, name, view, databaseIsPartitioned)),
    )
}

function indexOf(
  ddoc: DesignDocument,
  name: string,
  { map }: JsonObject,
  databaseIsPartitioned: boolean,
): MangoIndex[] {
  if (!isJsonObject(map) || !isJsonObject(map.fields)) return []
  const options = isJsonObject(ddoc.value.options) ? ddoc.value.options : {}
  return [
    {
      ddoc,
      name,
      fields: Object.entries(map.fields) as [string, Direction][],
      partialFilter: partialFilterOf(map),
      partitioned: databaseIsPartitioned && options.partitioned !== false,
    },
  ]
}

/** The selector of the documents that are in an index, which old definitions call `selector`. */
export function partialFilterOf(map: JsonObject): JsonObject | undefined {
  const filters = [map.partial_filter_selector, map.selector].filter(value => value !== undefined)
  return filters.filter(isJsonObject).find(filter => Object.keys(filter).length > 0)
}

/** As `_index` lists it. */
export function describeIndex(index: MangoIndex): object {
  const def = {
    fields: sortToJson(index.fields),
    ...(index.partialFilter === undefined ? {} : { partial_filter_selector: index.partialFilter }),
  }
  if (index.ddoc === undefined) return { ddoc: null, name: index.name, type: 'special', def }
  return { ddoc: index.ddoc.id, name: index.name, type: 'json', partitioned: index.partitioned, def }
}

export function columnsOf(index: MangoIndex): string[] {
  return index.fields.map(([field]) => field)
}
