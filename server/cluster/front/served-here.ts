import { isDatabaseName } from '../../../protocol/database-name.ts'
import { isEqualSetting } from '../group/equal-settings.ts'
import { segmentsInDatabase, splitPath } from '../../routing/path.ts'

/**
 * Node of a cluster that answers a request: the leader; this one; or this one when it has caught up with the leader, as the
 * answer may say that something is missing, or is not replicated in the order of a feed.
 */
export type ServedBy = 'leader' | 'here' | 'here when current'

/** Paths of the server, not of a database, that every node answers of itself, whatever the method. */
const OF_EACH_NODE = new Set([
  ...['', 'favicon.ico', '_up', '_uuids', '_session', '_utils', '_all_dbs', '_dbs_info', '_db_updates'],
  ...['_node', '_membership', '_cluster', '_reload_query_servers'],
])

/** Reads by POST. */
const READS_BY_POST = new Set([
  ...['_all_docs', '_design_docs', '_local_docs', '_changes', '_bulk_get', '_revs_diff', '_missing_revs'],
  ...['_find', '_explain', '_digests', '_compact', '_view_cleanup'],
])

/** Requests that name revisions or documents, or read what is not in feeds. */
const NEEDS_CURRENT = new Set([
  '_local',
  '_local_docs',
  '_bulk_get',
  '_revs_diff',
  '_missing_revs',
  '_digests',
])

/** Paths that tell of the leader's own work on a database, too, which is not stored. */
const OF_THE_LEADER = new Set(['_conflicts', '_ingest', '_trees', '_follower', '_retention'])

/** Parameters that name revisions or documents. */
const NAMES_SOMETHING = /(?:^|&)(?:rev|open_revs|atts_since|keys?)=/

/** Returns which node of a cluster answers a request that came to a follower. */
export function servedBy(method: string, url: string): ServedBy {
  const at = url.indexOf('?')
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  const segments = splitPath(path)
  const first = segments[0] ?? ''
  if (first === '_node' && isSettingOfAll(method, segments)) return 'leader'
  if (first === '_cluster') return method === 'GET' ? 'here' : 'leader'
  if (first.startsWith('_') || segments.length === 0 || first === 'favicon.ico') {
    if (OF_EACH_NODE.has(first)) return 'here'
    if (!isDatabaseName(first) && first !== '_metadata') return 'leader'
  }
  const below = segmentsInDatabase(segments)
  const isRead = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  if (isRead ? isWritingRead(below) : !isReadByPost(method, below)) return 'leader'
  const needsCurrent = NEEDS_CURRENT.has(below[0] ?? '') || NAMES_SOMETHING.test(query)
  return needsCurrent || (!isRead && below[0] === '_all_docs') ? 'here when current' : 'here'
}

/** Functions that may write whatever the method is, and lists that the leader alone keeps. */
function isWritingRead([first, , kind]: readonly string[]): boolean {
  if (first === '_design') return kind === '_update' || kind === '_rewrite'
  return OF_THE_LEADER.has(first ?? '')
}

function isReadByPost(method: string, [first = '', name, kind]: readonly string[]): boolean {
  if (method !== 'POST') return false
  if (first === '_design') return kind === '_view' || kind === '_list' || kind === '_show'
  // Indexes are each node's own; documents are compacted by the leader.
  if (first === '_compact') return name !== undefined
  if (first === '_partition') return kind !== undefined && READS_BY_POST.has(kind)
  return READS_BY_POST.has(first)
}

/** A change of a setting that is the same on all nodes. */
function isSettingOfAll(method: string, [, , kind, section, key]: readonly (string | null)[]): boolean {
  if (kind !== '_config' || (method !== 'PUT' && method !== 'DELETE')) return false
  return section != null && key != null && isEqualSetting(section, key)
}
