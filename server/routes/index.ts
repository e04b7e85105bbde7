import Router from '@koa/router'
import type { RequestState } from '../http/context.ts'
import { allDocsRoutes } from './all-docs.ts'
import { attachmentRoutes } from './attachments.ts'
import { bulkRoutes } from './bulk.ts'
import { changesRoutes } from './changes.ts'
import { clusterSetupRoutes } from './cluster-setup.ts'
import { clusterRoutes } from './cluster.ts'
import { dashboardRoutes } from './dashboard.ts'
import { databaseListRoutes } from './database-list.ts'
import { databaseRoutes } from './databases.ts'
import { dbUpdatesRoutes } from './db-updates.ts'
import { designFunctionRoutes } from './design-functions.ts'
import { documentRoutes, localDocumentRoutes } from './documents/index.ts'
import { underscoredDocumentRoutes } from './documents/underscored.ts'
import { mangoRoutes } from './mango.ts'
import { nodeRoutes } from './node.ts'
import { partitionRoutes } from './partitions.ts'
import { replicateRoutes } from './replicate.ts'
import { revisionRoutes } from './revisions.ts'
import { schedulerRoutes } from './scheduler.ts'
import { securityRoutes } from './security.ts'
import { serverRoutes } from './server.ts'
import { sessionRoutes } from './session.ts'
import { tryViewRoutes } from './try-view.ts'
import { upkeepRoutes } from './upkeep.ts'
import { viewRoutes } from './views.ts'

/** Every route of the server. The order counts where several paths match: the first answers. */
const ROUTES: readonly ((router: Router<RequestState>) => void)[] = [
  // Before documents: `/_node/NAME` is none.
  nodeRoutes,
  dashboardRoutes,
  documentRoutes,
  bulkRoutes,
  changesRoutes,
  revisionRoutes,
  sessionRoutes,
  viewRoutes,
  mangoRoutes,
  designFunctionRoutes,
  localDocumentRoutes,
  allDocsRoutes,
  upkeepRoutes,
  tryViewRoutes,
  securityRoutes,
  serverRoutes,
  dbUpdatesRoutes,
  replicateRoutes,
  schedulerRoutes,
  databaseListRoutes,
  partitionRoutes,
  clusterRoutes,
  clusterSetupRoutes,
  databaseRoutes,
  attachmentRoutes,
  underscoredDocumentRoutes,
]

/** A router for each resource. */
export function routers(): Router<RequestState>[] {
  return ROUTES.map(register => {
    const router = new Router<RequestState>()
    register(router)
    return router
  })
}
