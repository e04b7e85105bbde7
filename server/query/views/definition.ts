import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { viewEntries } from '../design/check-shape.ts'
import { languageOf, type DesignDocument } from '../design/design-document.ts'
import type { Collation } from '../../sandbox/messages.ts'

export interface ViewDefinition {
  readonly name: string
  /** A function's source, or the fields of a Mango index. */
  readonly map: JsonValue
  readonly reduce: string | undefined
  readonly collation: Collation
}

/** The views of a design document, which are built together. */
export interface IndexDefinition {
  /** 32 hex digits over what the rows depend on: design documents with the same views share their index. */
  readonly signature: string
  readonly language: string
  readonly views: readonly ViewDefinition[]
  /** The modules of `views.lib`, null if there are none. */
  readonly lib: JsonValue
  readonly includeDesign: boolean
  readonly localSeq: boolean
  readonly partitioned: boolean
}

export function indexDefinition(
  ddoc: Pick<DesignDocument, 'value'>,
  databaseIsPartitioned: boolean,
): IndexDefinition {
  const options = isJsonObject(ddoc.value.options) ? ddoc.value.options : {}
  const lib =
    isJsonObject(ddoc.value.views) && isJsonObject(ddoc.value.views.lib) ? ddoc.value.views.lib : null
  const definition = {
    language: languageOf(ddoc.value),
    views: viewEntries(ddoc.value).map(([name, view]) => viewDefinition(name, view)),
    lib,
    includeDesign: options.include_design === true,
    localSeq: options.local_seq === true,
    partitioned: databaseIsPartitioned && options.partitioned !== false,
  }
  return { ...definition, signature: createHash('md5').update(JSON.stringify(definition)).digest('hex') }
}

function viewDefinition(name: string, view: JsonObject): ViewDefinition {
  const options = isJsonObject(view.options) ? view.options : {}
  return {
    name,
    map: view.map ?? null,
    reduce: typeof view.reduce === 'string' ? view.reduce : undefined,
    collation: options.collation === 'raw' ? 'raw' : 'unicode',
  }
}
