import { setImmediate } from 'node:timers/promises'
import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import { revsDiff, type RevisionsDiff } from '../../database/documents/revs-diff.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { readJsonMembers } from '../../http/request/json-body.ts'
import { sendJson, streamJson } from '../../http/response/reply.ts'
import { runQuery } from '../queries/stream-query.ts'
import type { Database } from '../../database/database.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import { databaseOf } from '../shared/path-names.ts'
import { checkRequestedId } from '../shared/document-limits.ts'

export async function postRevsDiff(ctx: RequestContext): Promise<void> {
  const missing = await missingRevisions(ctx)
  await sendMembers(ctx, ['{', '}\n'], missing, ({ missing, possibleAncestors }) =>
    possibleAncestors.length > 0 ? { missing, possible_ancestors: possibleAncestors } : { missing },
  )
}

export async function postMissingRevs(ctx: RequestContext): Promise<void> {
  const missing = await missingRevisions(ctx)
  await sendMembers(ctx, ['{"missing_revs":{', '}}\n'], missing, ({ missing }) => missing)
}

async function missingRevisions(ctx: RequestContext): Promise<readonly RevisionsDiff[]> {
  const database = await databaseOf(ctx)
  const asked = await askedRevisions(ctx, database)
  return runQuery(ctx, () => revsDiff(database, asked))
}

/** The body of both: `{"doc":["1-abc", …], …}`. */
async function askedRevisions(ctx: RequestContext, database: Database): Promise<Map<DocId, Rev[]>> {
  requireJson(ctx)
  const members = await readJsonMembers(ctx, 'query')
  const most = ctx.services.config.integer('couchette', 'max_document_revisions')
  const asked = new Map<DocId, Rev[]>()
  const slice = new TimeSlice()
  for (const [id, revs] of members) {
    if (slice.isOver) await slice.pause()
    if (!Array.isArray(revs)) throw fail('badRequest', 'Invalid list of revisions')
    if (revs.length > most) throw fail('tooLarge', `more than ${most} revisions of one document`)
    checkRequestedId(database, id)
    asked.set(asDocId(id), revs.map(parseRev))
  }
  return asked
}

/** Documents in one piece of a long answer. */
const PIECE = 500

/** Answers with a member for each document; long answers in pieces, in turns with other requests. */
async function sendMembers(
  ctx: RequestContext,
  [head, tail]: readonly [string, string],
  documents: readonly RevisionsDiff[],
  valueOf: (document: RevisionsDiff) => unknown,
): Promise<void> {
  const text = (from: number): string =>
    documents
      .slice(from, from + PIECE)
      .map(document => `${JSON.stringify(document.id)}:${JSON.stringify(valueOf(document))}`)
      .join(',')
  async function* pieces(): AsyncGenerator<string> {
    for (let from = 0; from < documents.length; from += PIECE) {
      yield (from === 0 ? head : ',') + text(from)
      await setImmediate()
    }
    yield tail
  }
  if (documents.length <= PIECE) sendJson(ctx, Buffer.from(head + text(0) + tail))
  else await streamJson(ctx, pieces())
}
