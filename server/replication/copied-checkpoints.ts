import { createHash } from 'node:crypto'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import type { HttpClient } from '../../replicator/http/http-client.ts'
import type { Shape } from '../../replicator/http/shapes.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocuments } from '../database/documents/local-documents.ts'
import { readInternalSetting, writeInternalSetting } from '../database/internal-settings.ts'
import { COPIED_CHECKPOINTS_SETTING } from '../database/setting-names.ts'

/** A `_local` document of a source, without `_id` and `_rev`. */
export interface SourceCheckpoint {
  readonly id: DocId
  /** JSON text. */
  readonly body: string
}

const PAGE = 200
/** Checkpoints that are taken over; the rest of very many stays at the source. */
const MOST = 2000
const MAX_BODY = 64 * 1024

/** Ids of what nodes of a CouchDB cluster keep for themselves. */
const SYSTEM_DOCUMENT = /^_local\/(?:shard-sync|purge)-/

/** Reads the `_local` documents of a source: the checkpoints of those who replicate from it, or to it. */
export async function readCheckpoints(client: HttpClient, signal: AbortSignal): Promise<SourceCheckpoint[]> {
  const found: SourceCheckpoint[] = []
  let after: string | undefined
  while (found.length < MOST) {
    const start = after === undefined ? '' : `&skip=1&startkey=${encodeURIComponent(JSON.stringify(after))}`
    const path = `_local_docs?include_docs=true&limit=${PAGE}${start}`
    const { value } = await client.json({ method: 'GET', path }, [200], signal, rowsOf)
    for (const { id, doc } of value ?? []) {
      const { _id, _rev, ...members } = doc
      const body = JSON.stringify(members)
      if (!SYSTEM_DOCUMENT.test(id) && body.length <= MAX_BODY) found.push({ id: asDocId(id), body })
    }
    after = value?.at(-1)?.id
    if (value === null || value.length < PAGE) return found
  }
  return found
}

interface Row {
  readonly id: string
  readonly doc: Readonly<Record<string, unknown>>
}

const rowsOf: Shape<Row[]> = value => {
  const { rows } = (value ?? {}) as { rows?: unknown }
  return Array.isArray(rows) && rows.every(isRow) ? rows : undefined
}

function isRow(row: unknown): row is Row {
  const { id, doc } = (row ?? {}) as { id?: unknown; doc?: unknown }
  return typeof id === 'string' && id.startsWith('_local/') && typeof doc === 'object' && doc !== null
}

/**
 * Writes checkpoints of the source into its follower, other than those that a client of the follower has written there
 * itself.
 *
 * @param isOwn true for the checkpoint of the follower's own job
 */
export async function takeOver(
  database: Database,
  checkpoints: readonly SourceCheckpoint[],
  isOwn: (id: DocId) => boolean,
): Promise<void> {
  const wanted = checkpoints.filter(({ id }) => !isOwn(id))
  const before = readInternalSetting<Record<string, string>>(database, COPIED_CHECKPOINTS_SETTING) ?? {}
  const digests: Record<string, string> = {}
  const present = await readLocalDocuments(
    database,
    wanted.map(({ id }) => id),
  )
  const edits = wanted.flatMap(({ id, body }, index) => {
    const here = present[index]
    const digestHere = here && digestOf(Buffer.from(here.body).toString())
    const digest = digestOf(body)
    const isClients = here !== undefined && digestHere !== before[id] && digestHere !== digest
    if (isClients) return []
    digests[id] = digest
    return digestHere === digest ? [] : [{ id, rev: here?.rev, deleted: false, body: Buffer.from(body) }]
  })
  if (edits.length === 0) return
  await database.write({ kind: 'edit_local_documents', edits })
  await writeInternalSetting(database, COPIED_CHECKPOINTS_SETTING, digests)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
