import type { RouteAccess } from '../routing/access.ts'
import * as attachments from './attachments/attachments.ts'
import * as changes from './changes/changes.ts'
import type { Route } from './context.ts'
import * as allDocs from './database/all-docs.ts'
import { postBulkDocs } from './database/bulk-docs.ts'
import { postBulkGet } from './database/bulk-get.ts'
import * as conflicts from './database/conflicts.ts'
import * as database from './database/database.ts'
import * as ingest from './database/ingest.ts'
import * as maintenance from './database/maintenance.ts'
import * as partitions from './database/partitions.ts'
import * as quorum from './database/quorum.ts'
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
import * as mango from './queries/mango.ts'
import { postTrial } from './queries/try-view.ts'
import * as views from './queries/views.ts'
import { getDigests, postDigests } from './database/digests.ts'
import * as follower from './replication/follower.ts'
import { route } from './route.ts'

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
  route(
    '/:db/_quorum',
    { access: { others: 'member', PUT: 'server-admin' } },
    { GET: quorum.getQuorum, PUT: quorum.putQuorum },
  ),
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

/** Every path below a database, with the right that it needs. */
export const DATABASE_ROUTES: readonly Route[] = [...DATABASE, ...DOCUMENTS, ...QUERIES, ...FUNCTIONS]
