import type Router from '@koa/router'
import type { DocId } from '../../../protocol/document-id.ts'
import type { RequestContext, RequestState } from '../../http/context.ts'
import { endpoint, type Methods } from '../../routing/route.ts'
import { docIdOf } from '../shared/path-names.ts'
import { postForm } from './form-document.ts'
import { copyDocument } from './copy-document.ts'
import { getDocument } from './get-document.ts'
import { getLocalDocument } from './local-document.ts'
import { deleteDocument, putDocument } from './put-document.ts'

type Read = (ctx: RequestContext, id: DocId) => Promise<void>

export function documentRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/:docid', methods('', getDocument))
  endpoint(router, '/:db/_design/:name', methods('_design/', getDocument))
}

export function localDocumentRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_local/:name', methods('_local/', getLocalDocument))
}

/** What documents answer; the path gives the id. */
function methods(prefix: string, read: Read): Methods {
  const id = (ctx: RequestContext) => docIdOf(ctx, prefix)
  return {
    DELETE: ctx => deleteDocument(ctx, id(ctx)),
    GET: ctx => read(ctx, id(ctx)),
    HEAD: ctx => read(ctx, id(ctx)),
    POST: ctx => postForm(ctx, id(ctx)),
    PUT: ctx => putDocument(ctx, id(ctx)),
    COPY: ctx => copyDocument(ctx, id(ctx)),
  }
}
