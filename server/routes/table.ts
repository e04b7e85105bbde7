import type { Right, RouteAccess } from '../routing/access.ts'
import * as attachments from './attachments/attachments.ts'
import * as changes from './changes/changes.ts'
import { getDbUpdates } from './changes/db-updates.ts'
import type { Methods, Route } from './context.ts'
import * as allDocs from './database/all-docs.ts'
import { postBulkDocs } from './database/bulk-docs.ts'
import { postBulkGet } from './database/bulk-get.ts'
import * as conflicts from './database/conflicts.ts'
import * as database from './database/database.ts'
import * as ingest from './database/ingest.ts'
import * as maintenance from './database/maintenance.ts'
import * as partitions from './database/partitions.ts'
import * as retention from './database/retention.ts'
import * as revsDiff from './database/revs-diff.ts'
import * as security from './database/security.ts'
import * as shards from './database/shards.ts'
import * as documents from './documents/document-methods.ts'
import { postDocument } from './documents/put-document.ts'
import * as systemPaths from './documents/system-paths.ts'
import * as functions from './functions/design-functions.ts'
import { runList } from './functions/list-function.ts'
import { runRewrite } from './functions/rewrite.ts'
import { allMethods, commonMethods, withHead } from './methods.ts'
import * as cluster from './node/cluster.ts'
import * as clusterSetup from './node/cluster-setup.ts'
import * as backup from './node/backup.ts'
import * as config from './node/config.ts'
import * as insight from './node/insight.ts'
import * as node from './node/node.ts'
import { onNode, onNodeAfter } from './node/on-node.ts'
import * as reshard from './node/reshard.ts'
import * as mango from './queries/mango.ts'
import { postTrial } from './queries/try-view.ts'
import * as views from './queries/views.ts'
import { postCompare } from './database/compare.ts'
import { postRepair } from './database/repair.ts'
import { getDigests, postDigests } from './database/digests.ts'
import * as follower from './replication/follower.ts'
import * as replicate from './replication/replicate.ts'
import * as scheduler from './replication/scheduler.ts'
import * as dashboard from './server/dashboard.ts'
import * as databaseList from './server/database-list.ts'
import * as server from './server/server.ts'
import * as session from './server/session.ts'

/** @param allow value of the `Allow` header, where CouchDB does not name every method */
function route(path: string, access: Right | RouteAccess, methods: Methods, allow?: string): Route {
  const rights = typeof access === 'string' ? { access } : access
  return { path, ...rights, methods, ...(allow === undefined ? {} : { allow }) }
}

/** Lists, which show the documents of others. */
const LIST: RouteAccess = { access: 'member', inSystemDatabases: 'server-admin' }
/** Queries, which may show the documents of others. */
const QUERY: RouteAccess = { access: 'member', inSystemDatabases: 'db-admin' }
/** Functions of design documents; the rules of a users database tell its users which functions are theirs. */
const DESIGN: RouteAccess = { access: 'member', inSystemDatabases: 'db-admin', inUsersDatabases: 'member' }
const WHOLE_DATABASE: RouteAccess = {
  access: { others: 'member', PUT: 'server-admin', DELETE: 'server-admin' },
}
const PURGED_INFOS_LIMIT: RouteAccess = { access: { others: 'member', PUT: 'server-admin' } }
/** Rules that purge: nothing brings back what they took. */
const RETENTION: RouteAccess = { access: { others: 'member', PUT: 'server-admin' } }
const FILES: RouteAccess = { access: { others: 'server-admin', GET: 'everybody', HEAD: 'everybody' } }

const SERVER: readonly Route[] = [
  route('/', 'everybody', withHead(server.welcome)),
  route('/favicon.ico', 'everybody', withHead(dashboard.getIcon)),
  route('/_up', 'everybody', withHead(server.up)),
  route('/_uuids', 'everybody', { GET: server.uuids }),
  route('/_session', 'everybody', {
    ...withHead(session.getSession),
    POST: session.logIn,
    DELETE: session.logOut,
  }),
  route('/_utils', FILES, withHead(dashboard.getStartPage)),
  route('/_utils/*file', FILES, withHead(dashboard.getFile)),
  route('/_all_dbs', 'list-databases', withHead(databaseList.getNames)),
  route('/_dbs_info', 'list-databases', {
    ...withHead(databaseList.getInfos),
    POST: databaseList.postInfos,
  }),
  route('/_db_updates', 'server-admin', { GET: getDbUpdates }),
  route('/_reload_query_servers', 'server-admin', { POST: server.reloadQueryServers }),
]

const NODE: readonly Route[] = [
  route('/_membership', 'server-admin', { GET: node.membership }),
  route('/_cluster', 'server-admin', { GET: cluster.getCluster }),
  route('/_cluster/members/:node', 'server-admin', { DELETE: cluster.deleteMember }),
  route('/_cluster_setup', 'server-admin', { GET: clusterSetup.setupState, POST: clusterSetup.setUp }),
  route('/_node', 'server-admin', { GET: node.incomplete }),
  route('/_node/:node', 'server-admin', { GET: onNode(node.name) }),
  route('/_node/:node/_config', 'server-admin', { GET: onNode(config.getAll) }),
  route('/_node/:node/_config/_reload', 'server-admin', { POST: onNode(config.reload) }),
  route('/_node/:node/_config/:section', 'server-admin', { GET: onNode(config.getSection) }),
  route('/_node/:node/_config/:section/:key', 'server-admin', {
    GET: onNode(config.getValue),
    PUT: onNodeAfter(config.checkPut, config.putValue),
    DELETE: onNodeAfter(config.checkSection, config.deleteValue),
  }),
  route('/_node/:node/_settings', 'server-admin', { GET: onNode(insight.getSettings) }),
  route('/_node/:node/_log', 'server-admin', { GET: onNode(insight.getLog) }),
  route('/_node/:node/_health', 'metrics', { GET: onNode(insight.getHealth) }),
  route('/_node/:node/_stats', 'metrics', { GET: onNode(node.stats) }),
  route('/_node/:node/_stats/*path', 'metrics', { GET: onNode(node.stats) }),
  route('/_node/:node/_system', 'metrics', { GET: onNode(node.system) }),
  route('/_node/:node/_prometheus', 'metrics', { GET: onNode(node.prometheus) }),
  route('/_node/:node/_smoosh/status', 'server-admin', { GET: onNode(node.smooshStatus) }),
  route('/_node/:node/_backup', 'server-admin', { POST: onNode(backup.begin) }),
  route('/_node/:node/_backup/:id', 'server-admin', { DELETE: onNode(backup.end) }),
  route('/_node/:node/_backup/:id/*path', 'server-admin', { GET: onNode(backup.read) }),
  route('/_node/:node/_versions', 'server-admin', { GET: node.versions }),
  route('/_node/:node/_restart', 'server-admin', { POST: onNode(node.restart) }),
  route('/_node/:node/*rest', 'server-admin', allMethods(onNode(node.nothing))),
  route('/_reshard', 'server-admin', { GET: reshard.summary }, 'GET,HEAD'),
  route('/_reshard/state', 'server-admin', { GET: reshard.getState, PUT: reshard.putState }, 'GET,HEAD,PUT'),
  route(
    '/_reshard/jobs',
    'server-admin',
    { GET: reshard.listJobs, POST: reshard.refuseJob },
    'GET,HEAD,POST',
  ),
  route(
    '/_reshard/jobs/:job',
    'server-admin',
    { GET: reshard.noJob, DELETE: reshard.noJob },
    'GET,HEAD,DELETE',
  ),
  route(
    '/_reshard/jobs/:job/state',
    'server-admin',
    { GET: reshard.noJob, PUT: reshard.noJob },
    'GET,HEAD,PUT',
  ),
  route('/_reshard/*rest', 'server-admin', allMethods(node.nothing)),
]

const REPLICATION: readonly Route[] = [
  route('/_replicate', 'user', {
    POST: replicate.postReplicate,
    GET: replicate.refuse,
    PUT: replicate.refuse,
    DELETE: replicate.refuse,
  }),
  route('/_compare', 'user', { POST: postCompare }),
  route('/_repair', 'user', { POST: postRepair }),
  route('/_active_tasks', 'server-admin', withHead(scheduler.getTasks)),
  route('/_scheduler/jobs', 'server-admin', { GET: scheduler.getJobs }),
  route('/_scheduler/jobs/:job', 'server-admin', { GET: scheduler.getJob }),
  route('/_scheduler/docs', 'server-admin', { GET: scheduler.getAllDocs }),
  route('/_scheduler/docs/*path', 'server-admin', { GET: scheduler.getDocs, POST: scheduler.postDocs }),
  route('/_scheduler/*rest', 'server-admin', allMethods(node.nothing)),
]

const DATABASE: readonly Route[] = [
  route(
    '/:db',
    WHOLE_DATABASE,
    {
      DELETE: database.deleteDatabase,
      GET: database.getInfo,
      HEAD: database.getInfo,
      POST: postDocument,
      PUT: database.createDatabase,
    },
    'DELETE,GET,HEAD,POST',
  ),
  route('/:db/_security', 'member', { PUT: security.putSecurity, GET: security.getSecurity }),
  route('/:db/_follower', 'server-admin', {
    GET: follower.getFollower,
    PUT: follower.putFollower,
    DELETE: follower.deleteFollower,
  }),
  route('/:db/_ensure_full_commit', 'member', { POST: database.ensureFullCommit }),
  route('/:db/_all_docs', LIST, allDocs.listMethods('documents')),
  route('/:db/_all_docs/queries', LIST, allDocs.listQueriesMethods('documents')),
  route('/:db/_design_docs', QUERY, allDocs.listMethods('design')),
  route('/:db/_design_docs/queries', QUERY, allDocs.listQueriesMethods('design')),
  route('/:db/_local_docs', QUERY, allDocs.listMethods('local')),
  route('/:db/_local_docs/queries', QUERY, allDocs.listQueriesMethods('local')),
  route('/:db/_changes', LIST, {
    GET: changes.getChanges,
    POST: changes.postChanges,
    HEAD: changes.getChanges,
  }),
  route('/:db/_conflicts', LIST, { GET: conflicts.getConflicts, POST: conflicts.postConflicts }),
  route('/:db/_conflicts/log', LIST, { GET: conflicts.getLog, POST: conflicts.postResolution }),
  route('/:db/_conflicts/policies', LIST, { GET: conflicts.getPolicies, POST: conflicts.postResolution }),
  route('/:db/_conflicts/*id', LIST, { POST: conflicts.postResolution }),
  route('/:db/_digests', LIST, { GET: getDigests, POST: postDigests }),
  route('/:db/_trees', 'maintainer', { GET: conflicts.getTrees }),
  route('/:db/_bulk_docs', 'member', { POST: postBulkDocs }),
  route('/:db/_ingest', QUERY, { POST: ingest.postIngest }),
  route('/:db/_ingest/failures', QUERY, ingest.failures),
  route('/:db/_bulk_get', 'member', { POST: postBulkGet }),
  route('/:db/_revs_diff', 'member', { POST: revsDiff.postRevsDiff }),
  route('/:db/_missing_revs', 'member', { POST: revsDiff.postMissingRevs }),
  route('/:db/_compact', 'maintainer', { POST: maintenance.startCompaction }),
  route('/:db/_compact/:name', 'maintainer', { POST: views.compactViews }),
  route('/:db/_view_cleanup', 'maintainer', { POST: views.cleanUp }),
  route('/:db/_purge', 'server-admin', { POST: maintenance.postPurge }),
  route('/:db/_purged_infos', 'member', { GET: maintenance.getPurgedInfos }),
  route('/:db/_purged_infos_limit', PURGED_INFOS_LIMIT, {
    GET: maintenance.getPurgedInfosLimit,
    PUT: maintenance.putPurgedInfosLimit,
  }),
  route('/:db/_retention', RETENTION, { GET: retention.getRetention, PUT: retention.putRetention }),
  route('/:db/_revs_limit', 'member', { PUT: maintenance.putRevsLimit, GET: maintenance.getRevsLimit }),
  route('/:db/_shards', 'member', { GET: shards.shards }),
  route('/:db/_shards/:docid', 'member', { GET: shards.shardOfDocument }),
  route('/:db/_sync_shards', 'server-admin', { POST: shards.syncShards }),
  route('/:db/_partition', QUERY, allMethods(partitions.refuse)),
  route(
    '/:db/_partition/:partition',
    QUERY,
    { GET: partitions.getPartition, POST: partitions.postPartition },
    'GET',
  ),
  route('/:db/_partition/:partition/_all_docs', QUERY, allDocs.listMethods('documents')),
  route('/:db/_partition/:partition/_all_docs/queries', QUERY, allDocs.listQueriesMethods('documents')),
  route('/:db/_partition/:partition/*rest', QUERY, allMethods(partitions.nothing)),
]

const DOCUMENTS: readonly Route[] = [
  route('/:db/:docid', 'member', documents.documentMethods('')),
  route('/:db/:docid/*attachment', 'member', attachments.attachmentMethods('')),
  route('/:db/_design/:name', 'member', documents.documentMethods('_design/')),
  route('/:db/_design/:name/*attachment', 'member', attachments.attachmentMethods('_design/')),
  route('/:db/_local/:name', 'member', documents.localDocumentMethods()),
  route('/:db/_local/:name/*attachment', 'member', attachments.refusedMethods),
  route('/:db/:systemName', 'member', systemPaths.systemPathMethods),
  route('/:db/:systemName/*attachment', 'member', systemPaths.systemPathAttachmentMethods),
]

const viewMethods = { GET: views.getView, POST: views.postView, HEAD: views.getView }

const QUERIES: readonly Route[] = [
  route('/:db/_find', QUERY, { POST: mango.postFind }),
  route('/:db/_explain', QUERY, { POST: mango.postExplain }),
  route('/:db/_partition/:partition/_find', QUERY, { POST: mango.postFind }),
  route('/:db/_partition/:partition/_explain', QUERY, { POST: mango.postExplain }),
  route('/:db/_index', QUERY, { GET: mango.listIndexes, POST: mango.postIndex }),
  route('/:db/_index/_bulk_delete', QUERY, { POST: mango.deleteIndexes }),
  route('/:db/_index/:ddoc', QUERY, { DELETE: mango.refuseUnnamed }, 'GET,POST'),
  route('/:db/_index/:ddoc/:type/:name', QUERY, { DELETE: mango.removeIndex }),
  route('/:db/_index/_design/:ddoc/:type/:name', QUERY, { DELETE: mango.removeIndex }),
  route('/:db/_try_view', 'member', { POST: postTrial }),
  route('/:db/_temp_view', 'member', {
    ...withHead(views.noTemporaryViews),
    POST: views.noTemporaryViews,
    PUT: views.noTemporaryViews,
    DELETE: views.noTemporaryViews,
  }),
  route('/:db/_design/:name/_info', DESIGN, { GET: views.designInfo }),
  route('/:db/_design/:name/_view', DESIGN, {}, 'GET,POST,HEAD'),
  route('/:db/_design/:name/_view/:view', DESIGN, viewMethods),
  route('/:db/_design/:name/_view/:view/queries', DESIGN, { POST: views.postQueries }),
  route('/:db/_design/:name/_view/:view/*more', DESIGN, {}, 'GET,POST,HEAD'),
  route('/:db/_partition/:partition/_design/:name/_view/:view', QUERY, viewMethods),
  route('/:db/_partition/:partition/_design/:name/_view/:view/queries', QUERY, { POST: views.postQueries }),
]

const updateMethods = {
  POST: functions.runUpdate,
  PUT: functions.runUpdate,
  DELETE: functions.runUpdate,
  GET: functions.refuseUpdate,
}
const listMethods = { GET: runList, POST: runList, HEAD: runList, OPTIONS: runList }
const noList = functions.noPath('noListPath')
const noListMethods = { GET: noList, POST: noList, HEAD: noList }

const FUNCTIONS: readonly Route[] = [
  route('/:db/_design/:name/_update', DESIGN, commonMethods(functions.noPath('noUpdatePath'))),
  route('/:db/_design/:name/_update/:function', DESIGN, updateMethods),
  route('/:db/_design/:name/_update/:function/*target', DESIGN, updateMethods),
  route('/:db/_design/:name/_show', DESIGN, commonMethods(functions.noPath('noShowPath'))),
  route('/:db/_design/:name/_show/:function', DESIGN, commonMethods(functions.runShow)),
  route('/:db/_design/:name/_show/:function/*target', DESIGN, commonMethods(functions.runShow)),
  route('/:db/_design/:name/_list', DESIGN, noListMethods),
  route('/:db/_design/:name/_list/:function', DESIGN, noListMethods),
  route('/:db/_design/:name/_list/:function/:view', DESIGN, listMethods, 'GET,POST,HEAD'),
  route('/:db/_design/:name/_list/:function/:other/:view', DESIGN, listMethods, 'GET,POST,HEAD'),
  route('/:db/_design/:name/_list/:function/:other/:view/*more', DESIGN, noListMethods),
  route('/:db/_design/:name/_rewrite', DESIGN, commonMethods(runRewrite)),
  route('/:db/_design/:name/_rewrite/*target', DESIGN, commonMethods(runRewrite)),
]

/** Every path that the server answers, with the right that it needs. The order of rows does not matter. */
export const ROUTES: readonly Route[] = [
  ...SERVER,
  ...NODE,
  ...REPLICATION,
  ...DATABASE,
  ...DOCUMENTS,
  ...QUERIES,
  ...FUNCTIONS,
]
