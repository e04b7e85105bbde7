import type { DocId } from '../../../protocol/document-id.ts'
import type { Methods, RequestContext } from '../context.ts'
import { docIdOf } from '../shared/path-names.ts'
import { postForm } from './form-document.ts'
import { copyDocument } from './copy-document.ts'
import { getDocument } from './get-document.ts'
import { getLocalDocument } from './local-document.ts'
import { deleteDocument, putDocument } from './put-document.ts'

/** Methods of documents and design documents, whose ids the path gives. */
export function documentMethods(prefix: '' | '_design/'): Methods {
  return methods(prefix, getDocument)
}

/** Methods of `_local` documents. */
export function localDocumentMethods(): Methods {
  return methods('_local/', getLocalDocument)
}

type Read = (ctx: RequestContext, id: DocId) => Promise<void>

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
