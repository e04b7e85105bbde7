import { readFile } from 'node:fs/promises'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { ROUTES } from '../../server/routes/table.ts'

/** Segments of CouchDB 3.5's paths. */
const COUCHDB = new Set(
  `_active_tasks _all_dbs _all_docs _bulk_docs _bulk_get _changes _cluster_setup _compact _config _db_updates _dbs_info _design
  _design_docs _ensure_full_commit _explain _find _index _info _list _local _local_docs _membership _missing_revs _node
  _partition _prometheus _purge _purged_infos _purged_infos_limit _reload _reload_query_servers _replicate _reshard _restart
  _revs_diff _revs_limit _rewrite _scheduler _security _session _shards _show _smoosh _stats _sync_shards _system _temp_view
  _up _update _uuids _versions _view _view_cleanup _bulk_delete`.split(/\s+/),
)

test('docs/http-api.md describes every endpoint that CouchDB does not have', async t => {
  const text = await readFile(projectFile('docs/http-api.md'), 'utf8')
  const headings = [...text.matchAll(/^## `(?:[A-Z, ]+) (\S+)`/gm)].map(([, path = '']) => path)
  const own = ROUTES.map(({ path }) => path).filter(path =>
    path.split('/').some(segment => segment.startsWith('_') && !COUCHDB.has(segment)),
  )
  t.true(own.length >= 6)
  const last = (path: string): string => path.split('/').findLast(segment => segment.startsWith('_')) ?? ''
  t.deepEqual(
    own.filter(path => !headings.some(heading => heading.includes(last(path)))),
    [],
  )
})
