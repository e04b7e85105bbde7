import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { parseRev, type Rev } from '../../protocol/revision.ts'
import type { Database } from '../database/database.ts'
import { revsDiff } from '../database/documents/revs-diff.ts'

/** A revision of a document; those of `_local` documents begin with 0. */
const REV = /^[1-9]\d*-[0-9a-f]+$/

const MOST_MS = 5_000

/**
 * Waits until a database has the revisions that the answer to a write names, so that a client reads what it wrote. After
 * a while it waits no longer: the source may be far ahead.
 *
 * @param answer of a write to one document or many, JSON
 */
export async function whenWritten(database: Database, answer: Buffer): Promise<void> {
  const signal = AbortSignal.timeout(MOST_MS)
  const written = revisionsIn(answer)
  while (written.size > 0) {
    const { seq } = database.state
    if ((await revsDiff(database, written)).length === 0) return
    if (!(await database.tail.wait(seq, signal).catch(() => false))) return
  }
}

function revisionsIn(answer: Buffer): Map<DocId, Rev[]> {
  const revisions = new Map<DocId, Rev[]>()
  for (const row of rowsOf(answer)) {
    const { id, rev } = (row ?? {}) as { id?: unknown; rev?: unknown }
    if (typeof id === 'string' && typeof rev === 'string' && REV.test(rev))
      revisions.set(asDocId(id), [parseRev(rev)])
  }
  return revisions
}

function rowsOf(answer: Buffer): readonly unknown[] {
  try {
    const value = JSON.parse(answer.toString()) as unknown
    return Array.isArray(value) ? value : [value]
  } catch {
    return []
  }
}
