import { asDocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { SERVER } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { findWinner, readRevision } from '../../database/documents/read-document.ts'
import { languageOf, requireRunnable } from '../../query/design/design-document.ts'
import type { SandboxDocument } from '../../sandbox/sandbox.ts'

/**
 * A design document that has a function at a path, ready for the sandbox.
 *
 * @throws `missing`, `deleted`, `missingJsonKey`, `unknownQueryLanguage` (CouchDB: couch_changes:configure_filter/4)
 */
export function designWith(
  database: Database,
  name: string,
  path: readonly [string, string],
): SandboxDocument {
  const id = asDocId(`_design/${name}`)
  const json = readRevision(database, id, findWinner(database, id), {}, SERVER).json.toString()
  const ddoc = JSON.parse(json) as JsonObject
  let value: JsonValue = ddoc
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) throw fail('missingJsonKey', key)
    value = value[key] as JsonValue
  }
  requireRunnable(ddoc)
  return { owner: String(database.record.number), json, language: languageOf(ddoc) }
}
