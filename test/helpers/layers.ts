/**
 * The folders within a folder, lowest first: files import from their own folder and from those before it. A new folder
 * takes its place here, and folders that import each other have to be cut again.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  protocol: [
    'errors',
    'collation',
    'json',
    'document',
    'multipart',
    'revtree',
    'delta',
    'selector',
    'conflicts',
    'streams',
    'mesh',
  ],
  'protocol/selector': ['pcre'],
  replicator: ['http', 'pipeline', 'comparison', 'verification', 'streams'],
  server: [
    ...[
      'concurrency',
      'passwords',
      'config',
      'node',
      'http',
      'metrics',
      'tracing',
      'routing',
      'sandbox',
      'storage',
    ],
    ...[
      'attachments',
      'database',
      'conflicts',
      'query',
      'changes',
      'auth',
      'compaction',
      'retention',
      'log',
      'backup',
      'streams',
      'credentials',
      'replication',
      'mesh',
    ],
    ...['observability', 'tls', 'dashboard', 'cluster', 'routes', 'app', 'threads', 'start', 'commands'],
  ],
  'server/attachments': ['ingest'],
  'server/auth': ['login', 'sessions', 'tokens', 'users'],
  'server/changes': ['filter', 'rows', 'live'],
  'server/config': ['settings'],
  'server/database': [
    ...['documents', 'indexes', 'reading', 'ranks', 'listing', 'conflicts', 'commit', 'maintenance'],
    ...['retention', 'damage', 'following'],
  ],
  'server/http': ['connection', 'request', 'response', 'browser'],
  'server/query': ['reduce', 'design', 'views', 'mango'],
  'server/query/views': ['reductions', 'cache', 'index', 'request', 'read', 'answer'],
  'server/routes': [
    ...['shared', 'server', 'node', 'replication', 'attachments', 'documents', 'queries', 'functions'],
    ...['database', 'changes'],
  ],
  'server/sandbox': ['guest'],
  'server/cluster': ['log', 'entry', 'group', 'nodes', 'snapshot', 'service', 'front'],
  'server/threads': ['store', 'following', 'front', 'jobs'],
  'server/storage': ['encryption', 'leveldb', 'durable', 'checksums', 'tables'],
  cli: ['frame', 'replication', 'documents', 'migrate', 'commands'],
  'cli/commands': ['jobs', 'doctor'],
  'dashboard/src': ['lib', 'api', 'ui', 'views'],
}

/** Returns the layers of a folder; undefined for views of the dashboard, which import nothing of each other. */
export function layersOf(folder: string): readonly string[] | undefined {
  if (SEPARATE.test(folder)) return undefined
  return LAYERS[folder] ?? []
}

/** Folders whose folders import nothing of each other. */
const SEPARATE = /^dashboard$|^dashboard\/src\/(?!$)./

/** Returns the folders that a file lies in: "a/b/c.ts" lies in "a" and "a/b". */
export function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

/** Returns true unless an import leads to a folder above that of the file, or beside it where folders are separate. */
export function isDownwards(from: string, to: string): boolean {
  const [here, there] = [foldersOf(from), foldersOf(to)]
  const depth = here.findIndex((folder, index) => folder !== there[index])
  const [mine, other] = [here[depth], there[depth]]
  if (mine === undefined || other === undefined || depth === 0) return true
  const layers = layersOf(here[depth - 1]!)
  const rank = (folder: string) => layers?.indexOf(folder.slice(folder.lastIndexOf('/') + 1)) ?? 0
  return layers !== undefined && rank(other) < rank(mine)
}
