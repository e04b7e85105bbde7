import type Router from '@koa/router'
import type { RequestState } from '../http/context.ts'
import { allDocsRoutes } from './all-docs.ts'
import { bulkRoutes } from './bulk.ts'
import { changesRoutes } from './changes.ts'
import { databaseRoutes } from './databases.ts'
import { documentRoutes } from './documents.ts'
import { localRoutes } from './local-documents.ts'
import { revisionRoutes } from './revisions.ts'
import { serverRoutes } from './server.ts'

/** Every route of the server. The first that matches a path serves it: documents, the most frequent, come first. */
export function routes(router: Router<RequestState>): void {
  documentRoutes(router)
  bulkRoutes(router)
  changesRoutes(router)
  revisionRoutes(router)
  localRoutes(router)
  allDocsRoutes(router)
  serverRoutes(router)
  databaseRoutes(router)
}
