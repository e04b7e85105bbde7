import type { Metrics } from './metrics.ts'

type Tree = { [name: string]: unknown }

/** All metrics as `_stats` nests them. */
export function statsTree(metrics: Metrics): Tree {
  const root: Tree = {}
  for (const [path, value] of metrics.counters()) insert(root, path.split('/'), value)
  insert(root, ['couchdb', 'request_time'], {
    value: metrics.requestTime.summary(),
    type: 'histogram',
    desc: 'length of a request inside CouchDB without MochiWeb',
  })
  return root
}

/** Returns the subtree at a path; null if there is none (`couch_stats_httpd:extract_path/2`). */
export function statsAt(tree: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path
  if (name === undefined) return tree
  if (typeof tree !== 'object' || tree === null || !Object.hasOwn(tree, name)) return null
  return statsAt((tree as Tree)[name], rest)
}

function insert(root: Tree, path: readonly string[], value: unknown): void {
  let node = root
  for (const name of path.slice(0, -1)) node = (node[name] ??= {}) as Tree
  node[path.at(-1) ?? ''] = value
}
