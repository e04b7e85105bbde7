import type { RouteAccess } from '../routing/access.ts'
import { getDbUpdates } from './changes/db-updates.ts'
import type { Route } from './context.ts'
import { allMethods, withHead } from './methods.ts'
import * as cluster from './node/cluster.ts'
import * as clusterSetup from './node/cluster-setup.ts'
import * as backup from './node/backup.ts'
import * as config from './node/config.ts'
import * as insight from './node/insight.ts'
import * as node from './node/node.ts'
import { onNode, onNodeAfter } from './node/on-node.ts'
import * as reshard from './node/reshard.ts'
import { postCompare } from './database/compare.ts'
import { postRepair } from './database/repair.ts'
import * as replicate from './replication/replicate.ts'
import * as scheduler from './replication/scheduler.ts'
import * as dashboard from './server/dashboard.ts'
import * as databaseList from './server/database-list.ts'
import * as server from './server/server.ts'
import * as session from './server/session.ts'
import { DATABASE_ROUTES } from './database-table.ts'
import { PEERS } from './peer-routes.ts'
import { route } from './route.ts'

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

/** Every path that the server answers, with the right that it needs. The order of rows does not matter. */
export const ROUTES: readonly Route[] = [...SERVER, ...NODE, ...REPLICATION, ...PEERS, ...DATABASE_ROUTES]
