import { isLocalId, type DocId } from '../../../protocol/document-id.ts'
import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { RequestContext } from '../context.ts'
import { quotedEtag } from '../../http/response/etag.ts'
import { sendJson } from '../../http/response/reply.ts'
import { isQuorumOutOfReach } from '../shared/quorum.ts'
import { localEtag } from './local-document.ts'

export interface WrittenDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly input: Pick<DocumentInput, 'body' | 'deleted'>
}

export function setWrittenEtag(ctx: RequestContext, { id, rev, input }: WrittenDocument): void {
  ctx.set('ETag', quotedEtag(isLocalId(id) ? localEtag({ rev, body: input.body }) : rev))
}

/** The status is 202 where more copies were asked for than there are. */
export function answerWritten(ctx: RequestContext, { id, rev }: WrittenDocument, status: 200 | 201): void {
  sendJson(ctx, { ok: true, id, rev }, isQuorumOutOfReach(ctx) ? 202 : status)
}
