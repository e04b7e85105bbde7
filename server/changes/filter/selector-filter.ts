import type { JsonObject } from '../../../protocol/json-value.ts'
import type { CompiledSelector } from '../../../protocol/selector/selector.ts'
import type { Database } from '../../database/database.ts'
import type { ChangeFilter } from './change-filter.ts'
import { leafDocuments, type LeafDocument } from './leaf-documents.ts'
import { verdictsOf } from './verdicts.ts'

/** `filter=_selector`: documents with their metadata are tried, tombstones too. */
export function selectorFilter(
  database: Database,
  selector: CompiledSelector,
  project: ((document: Buffer) => Buffer) | undefined,
): ChangeFilter {
  return {
    key: `_selector ${JSON.stringify(selector.normalized)}`,
    pageSize: 1000,
    mayFail: false,
    ...(project === undefined ? {} : { project }),
    select: async (records, { allLeaves }) => {
      const leaves = await leafDocuments(database, records, { allLeaves, revisions: false })
      return verdictsOf(leaves, leaf => selector.matches(valueOf(leaf)))
    },
  }
}

function valueOf({ id, rev, deleted, record, conflicts }: LeafDocument): JsonObject {
  const { body } = record
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  const document = JSON.parse(text) as JsonObject
  document._id = id
  document._rev = rev
  if (deleted) document._deleted = true
  if (conflicts.length > 0) document._conflicts = [...conflicts]
  if (record.attachments.length > 0) document._attachments = attachmentsOf(record)
  return document
}

function attachmentsOf({ attachments }: LeafDocument['record']): JsonObject {
  return Object.fromEntries(
    attachments.map(({ name, contentType, revpos, digest, length }) => [
      name,
      { content_type: contentType, revpos, digest, length, stub: true },
    ]),
  )
}
