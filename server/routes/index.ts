import Router from '@koa/router'
import type { RequestState } from '../http/context.ts'
import { allDocsRoutes } from './database/all-docs.ts'
import { attachmentRoutes } from './attachments/attachments.ts'
import { bulkRoutes } from './database/bulk-docs.ts'
import { changesRoutes } from './changes/changes.ts'
import { clusterSetupRoutes } from './node/cluster-setup.ts'
import { clusterRoutes } from './database/shards.ts'
import { dashboardRoutes } from './server/dashboard.ts'
import { databaseListRoutes } from './server/database-list.ts'
import { databaseRoutes } from './database/database.ts'
import { dbUpdatesRoutes } from './changes/db-updates.ts'
import { designFunctionRoutes } from './functions/design-functions.ts'
import { documentRoutes, localDocumentRoutes } from './documents/index.ts'
import { underscoredDocumentRoutes } from './documents/system-paths.ts'
import { mangoRoutes } from './queries/mango.ts'
import { nodeRoutes } from './node/node.ts'
import { partitionRoutes } from './database/partitions.ts'
import { replicateRoutes } from './replication/replicate.ts'
import { revisionRoutes } from './database/revs-diff.ts'
import { schedulerRoutes } from './replication/scheduler.ts'
import { securityRoutes } from './database/security.ts'
import { serverRoutes } from './server/server.ts'
import { sessionRoutes } from './server/session.ts'
import { tryViewRoutes } from './queries/try-view.ts'
import { upkeepRoutes } from './database/maintenance.ts'
import { viewRoutes } from './queries/views.ts'

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
