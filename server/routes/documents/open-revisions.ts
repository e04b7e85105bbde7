import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { Database } from '../../database/database.ts'
import { withInlineData } from '../../database/documents/inline-data.ts'
import {
  checkReadable,
  openRevisions,
  readUnfilled,
  sortOpenRevisions,
  type OpenRevision,
  type DocumentReadOptions,
} from '../../database/documents/read-document.ts'
import type { UnfilledJson } from '../../database/documents/unfilled-json.ts'
import { readOrSay } from '../../database/documents/damage-of.ts'
import { acceptsType } from '../../http/request/accept.ts'
import type { RequestContext } from '../context.ts'
import { LongAnswer } from '../../http/response/long-answer.ts'
import { streamJson } from '../../http/response/reply.ts'
import { openRevisionParts, sendParts } from './multipart-answers.ts'

/** Answers `open_revs`: in parts to who takes them, otherwise as a JSON array. */
export async function sendOpenRevisions(
  ctx: RequestContext,
  database: Database,
  id: DocId,
  asked: { revs: readonly Rev[] | 'all'; latest: boolean; options: DocumentReadOptions },
): Promise<void> {
  const found = sortOpenRevisions(openRevisions(database.document(id), asked.revs, asked))
  const { user } = ctx.state
  checkReadable(database, id, found, user)
  if (acceptsType(ctx, 'multipart/mixed')) {
    await sendParts(ctx, 'multipart/mixed', openRevisionParts(database, id, found, asked.options, user))
  } else {
    const answer = new LongAnswer(ctx, ctx.services.readQueue)
    const pieces = withInlineData(render(database, id, found, asked.options, user), database.attachments)
    await streamJson(ctx, answer.inTurns(database.name, pieces), { answer })
  }
}

async function* render(
  database: Database,
  id: DocId,
  found: readonly OpenRevision[],
  options: DocumentReadOptions,
  reader: UserContext,
): AsyncGenerator<string | UnfilledJson> {
  let separator = '['
  for (const entry of found) {
    yield separator
    if ('missing' in entry) yield JSON.stringify({ missing: entry.missing })
    else {
      const { rev } = entry.ok.node
      const read = readOrSay(rev, () => readUnfilled(database, id, entry.ok, options, reader))
      if ('instead' in read) yield JSON.stringify(read.instead)
      else {
        yield '{"ok":'
        yield read.value.json
        yield '}'
      }
    }
    separator = ','
  }
  yield found.length === 0 ? '[]\n' : ']\n'
}
