import { isLocalId, type DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'
import { headerText } from '../../http/response/header-text.ts'
import { originOf } from '../../http/request/origin.ts'
import { encodeSegment } from '../../http/request/percent.ts'
import { sendJson } from '../../http/response/reply.ts'
import { isQuorumOutOfReach } from '../shared/quorum.ts'
import { localEtag } from './local-document.ts'

export interface WrittenDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly input: Pick<DocumentInput, 'body' | 'deleted'>
}

/** Sets `Location` to the document's URL as the client sees it. */
export function setLocation(ctx: RequestContext, database: Database, id: DocId): void {
  ctx.set('Location', `${originOf(ctx)}/${encodeSegment(database.name)}/${encodeSegment(id)}`)
}

export function setWrittenEtag(ctx: RequestContext, { id, rev, input }: WrittenDocument): void {
  ctx.set('ETag', `"${isLocalId(id) ? localEtag({ rev, body: input.body }) : headerText(rev)}"`)
}

/** The status is 202 where more copies were asked for than there are. */
export function answerWritten(ctx: RequestContext, { id, rev }: WrittenDocument, status: 200 | 201): void {
  sendJson(ctx, { ok: true, id, rev }, isQuorumOutOfReach(ctx) ? 202 : status)
}
