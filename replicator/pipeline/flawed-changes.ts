import type { Change } from '../peer.ts'
import { isDesignId } from '../../protocol/document-id.ts'
import type { FailureSink } from './writer.ts'

/** As `parseRev` takes them. */
const REVISION = /^\+?\d{1,15}-/

/**
 * Returns the changes that can be of documents, with those of their revisions that can be.
 *
 * @param refused gets every other revision, once
 */
export function withoutFlaws(
  changes: readonly Change[],
  maxIdBytes: number,
  refused: FailureSink,
): readonly Change[] {
  const isFlawless = ({ id, revs }: Change): boolean =>
    flawOf(id, maxIdBytes) === undefined && revs.every(isRevision)
  if (changes.every(isFlawless)) return changes
  const usable: Change[] = []
  for (const change of changes) {
    const reason = flawOf(change.id, maxIdBytes)
    const revs = reason === undefined ? change.revs.filter(isRevision) : []
    for (const rev of change.revs)
      if (!revs.includes(rev)) refused({ id: change.id, rev, status: 0, ...wordsOf(reason) })
    if (revs.length > 0) usable.push({ ...change, revs })
  }
  return usable
}

/** Returns why an id can be that of no document of any database. */
function flawOf(id: string, maxIdBytes: number): string | undefined {
  if (id === '' || Buffer.byteLength(id) > maxIdBytes)
    return `the id is empty or longer than ${maxIdBytes} bytes`
  return id.startsWith('_') && !isDesignId(id) ? 'the id begins with an underscore' : undefined
}

function isRevision(rev: string): boolean {
  return REVISION.test(rev)
}

function wordsOf(flaw: string | undefined): { readonly error: string; readonly reason: string } {
  return flaw === undefined
    ? { error: 'bad_revision', reason: 'the revision is malformed' }
    : { error: 'illegal_docid', reason: flaw }
}
