import type { DocId } from '../../protocol/document-id.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { jsonMembers } from '../../protocol/json/members.ts'
import type { Rev } from '../../protocol/revision.ts'
import { SERVER } from '../../protocol/user-context.ts'
import type { Database } from '../database/database.ts'
import { findWinner, readRevision } from '../database/documents/read-document.ts'
import { writeDocuments } from '../database/documents/write-documents.ts'
import { REPLICATOR_ROLE } from './replicator-rules.ts'

/** A document of a `_replicator` database. */
export interface ReplicatorDocument {
  readonly rev: Rev
  readonly members: Readonly<Record<string, unknown>>
  readonly body: Uint8Array
}

/** The replicator itself, as it writes documents of `_replicator`. */
export const REPLICATOR = { name: null, roles: ['_admin', REPLICATOR_ROLE] }
const TRIES = 5

/** Null when it is not there or deleted. */
export function readReplicatorDocument(database: Database, id: DocId): ReplicatorDocument | null {
  const stored = database.document(id)
  if (stored === undefined || stored.deleted) return null
  const { record, node } = readRevision(database, id, findWinner(database, id), {}, SERVER)
  return {
    rev: node.rev,
    body: record.body,
    members: JSON.parse(Buffer.from(record.body).toString()) as object as Record<string, unknown>,
  }
}

/**
 * Sets members of a document, as long as it still asks for the same; other members keep their text and their place.
 *
 * @param changes undefined removes a member
 * @param same whether the document as it stands now is still the one that the change is about
 */
export async function updateReplicatorDocument(
  database: Database,
  id: DocId,
  changes: Readonly<Record<string, unknown>>,
  same: (document: ReplicatorDocument) => boolean,
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const document = readReplicatorDocument(database, id)
    if (document === null || !same(document)) return
    const body = Buffer.from(changed(document.body, changes))
    const input = { ...parseDocument(body, { term: true }), rev: document.rev }
    const [outcome] = await writeDocuments(database, [{ id, input }], { replicated: false, user: REPLICATOR })
    if (outcome?.error === undefined || outcome.error.status !== 409) return
  }
}

function changed(body: Uint8Array, changes: Readonly<Record<string, unknown>>): string {
  const members = new Map(
    (jsonMembers(Buffer.from(body)) ?? []).map(([name, value]) => [name, value.toString()]),
  )
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) members.delete(name)
    else members.set(name, JSON.stringify(value))
  }
  return `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}
