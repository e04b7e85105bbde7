import test from 'ava'
import { foldersOf, isDownwards, layersOf } from './helpers/layers.ts'
import { sourceFiles } from './helpers/source-files.ts'
import type { SourceFile } from './helpers/source-files.ts'

const MAX_LINES = 300

const product = ['protocol', 'server', 'replicator', 'cli', 'dashboard'].flatMap(sourceFiles)

/** The arrows of docs/architecture.md: what the files of a folder may not import. */
const ARROWS: readonly { folder: string; forbidden: RegExp; because: string }[] = [
  {
    folder: 'protocol/',
    forbidden: /^(?!protocol\/|node:crypto$|node:buffer$|node:zlib$)/,
    because: 'protocol is pure: it imports itself, and of Node only what computes',
  },
  {
    folder: 'replicator/',
    forbidden: /^(server|test|bench|harness)\//,
    because: 'the replicator speaks to a Peer, which the server hands to it',
  },
  {
    folder: 'server/',
    forbidden: /^(test|bench|harness)\//,
    because: 'the product does without its tests and benchmarks',
  },
  {
    folder: 'cli/main.ts',
    forbidden: /^(server\/(?!commands\/)|test\/|bench\/|harness\/)/,
    because: 'the command line reaches a data directory through server/commands',
  },
  {
    folder: 'cli/',
    forbidden: /^(test|bench|harness)\//,
    because: 'the product does without its tests and benchmarks',
  },
  {
    folder: 'server/storage/',
    forbidden: /^(replicator\/|server\/(?!storage\/)|koa$|@koa\/)/,
    because: 'storage knows nothing of the rest of the server',
  },
  {
    folder: 'server/database/',
    forbidden: /^(server\/(routes|http|auth|changes|query|replication|compaction|app)\/|koa$|@koa\/)/,
    because: 'databases know nothing of HTTP, and nothing of feeds and queries, which follow their commits',
  },
  {
    folder: 'server/query/',
    forbidden: /^(server\/(routes|http|changes|replication|storage)\/|koa$|@koa\/)/,
    because: 'queries ask databases, and know nothing of HTTP and of feeds, which run their functions',
  },
  {
    folder: 'server/changes/',
    forbidden: /^(server\/(routes|http|replication|storage)\/|koa$|@koa\/)/,
    because: 'feeds ask databases, and know nothing of HTTP',
  },
  {
    folder: 'server/sandbox/',
    forbidden:
      /^(?!protocol\/|server\/(sandbox\/|concurrency\/start-thread\.ts$)|node:|quickjs-|@jitl\/|acorn$)/,
    because: 'the sandbox runs functions and knows nothing of those who have them run',
  },
  {
    folder: 'server/routes/',
    forbidden: /^(server\/(storage|app)\/|level$|abstract-level$|classic-level$|memory-level$)/,
    because: 'routes reach the store through use cases, and the application knows them',
  },
  {
    folder: 'server/routing/',
    forbidden: /^(replicator\/|server\/(?!routing\/|http\/request\/percent\.ts$)|koa$)/,
    because: 'finding a route is a function of method, path and table',
  },
  {
    folder: 'server/http/',
    forbidden:
      /^(replicator\/|server\/(services\.ts$|(app|auth|changes|database|query|replication|routes|routing|storage)\/))/,
    because: 'requests and answers know nothing of databases, rights and routes',
  },
  {
    folder: 'server/auth/',
    forbidden: /^(replicator\/|server\/(app|http|query|replication|routes|routing|storage)\/|koa$)/,
    because: 'accounts and rights know nothing of HTTP',
  },
  {
    folder: 'server/config/',
    forbidden:
      /^(replicator\/|server\/(app|auth|changes|database|http|query|replication|routes|routing|storage)\/)/,
    because: 'everything reads the configuration, which reads files alone',
  },
  {
    folder: 'server/passwords/',
    forbidden:
      /^(replicator\/|server\/(app|auth|changes|config|database|http|query|replication|routes|routing|storage)\/)/,
    because: 'hashing lies below accounts and configuration',
  },
  {
    folder: 'server/app/',
    forbidden: /^(replicator|test|bench)\//,
    because: 'the application joins HTTP, accounts and routes',
  },
  {
    folder: 'server/mesh/',
    forbidden: /^(server\/(app|changes|http|query|routes|routing|storage)\/|koa$)/,
    because: 'the mesh has the replicator pull, and knows nothing of requests',
  },
  {
    folder: 'dashboard/',
    forbidden: /^(protocol|server|replicator|test|bench|harness|cli)\/|^node:(?!url$)/,
    because: 'the web interface runs in browsers and knows the HTTP API only',
  },
]

for (const { folder, forbidden, because } of ARROWS) {
  test(`${folder}: ${because}`, t => {
    const broken = product
      .filter(({ path }) => path.startsWith(folder))
      .flatMap(({ path, imports }) =>
        imports.filter(name => forbidden.test(name)).map(name => `${path} → ${name}`),
      )
    t.deepEqual(broken, [])
  })
}

test('cli/main.ts alone reaches the server: other files of cli know its HTTP API only', t => {
  const broken = product
    .filter(({ path }) => path.startsWith('cli/') && path !== 'cli/main.ts')
    .flatMap(({ path, imports }) =>
      imports.filter(name => name.startsWith('server/')).map(name => `${path} → ${name}`),
    )
  t.deepEqual(broken, [])
})

test('tests find files and programs of the project by harness/project.ts: they run from dist/, too', t => {
  const own = sourceFiles('test').filter(({ text }) =>
    /(?<!createRequire\()import\.meta\.(url|dirname)|'--import', 'tsx'/.test(text),
  )
  t.deepEqual(
    own.map(({ path }) => path).filter(path => path !== 'test/layout.test.ts'),
    [],
  )
})

test('tests and benchmarks share harness/ and import nothing else of each other', t => {
  const broken = ['test', 'bench', 'harness'].flatMap(sourceFiles).flatMap(({ path, imports }) => {
    const other = path.startsWith('test/')
      ? /^bench\//
      : path.startsWith('bench/')
        ? /^test\//
        : /^(test|bench)\//
    if (path.startsWith('test/bench/')) return []
    return imports.filter(name => other.test(name)).map(name => `${path} → ${name}`)
  })
  t.deepEqual(broken, [])
})

test('server/ holds the entry and what the whole server shares; all else lies in folders', t => {
  const loose = product.filter(({ path }) => /^server\/[^/]+$/.test(path)).map(({ path }) => path)
  t.deepEqual(loose.sort(), ['server/main.ts', 'server/services.ts'])
})

test('commands are reached from cli/main.ts alone', t => {
  const broken = product
    .filter(({ path }) => path !== 'cli/main.ts' && !path.startsWith('server/commands/'))
    .flatMap(({ path, imports }) =>
      imports.filter(name => name.startsWith('server/commands/')).map(name => `${path} → ${name}`),
    )
  t.deepEqual(broken, [])
})

test('keys of the store are built in storage and database alone, which answer typed questions', t => {
  const broken = product
    .filter(({ path }) => !path.startsWith('server/storage/') && !path.startsWith('server/database/'))
    .flatMap(({ path, imports }) =>
      imports
        .filter(name => name === 'server/storage/keys.ts' || name === 'server/database/storage-of.ts')
        .map(name => `${path} → ${name}`),
    )
  t.deepEqual(broken, [])
})

test('routes show no stored body that passed no rule of its database', t => {
  const raw = product
    .filter(({ path }) => path.startsWith('server/routes/'))
    .filter(({ text }) => /\.(body|bodies)\(|\bread(First)?Bodies\b/.test(text))
  // A copy is made of what its user was found to see whole.
  t.deepEqual(
    raw.map(({ path }) => path),
    ['server/routes/documents/copy-document.ts'],
  )
})

test('protocol has no timers', t => {
  const timed = product
    .filter(({ path }) => path.startsWith('protocol/'))
    .filter(({ text }) => /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/.test(text))
  t.deepEqual(
    timed.map(({ path }) => path),
    [],
  )
})

test('folders import from folders below them alone: there is no cycle of folders', t => {
  const paths = new Set(product.map(({ path }) => path))
  const upwards = product.flatMap(({ path, imports }) =>
    imports.filter(name => paths.has(name) && !isDownwards(path, name)).map(name => `${path} → ${name}`),
  )
  t.deepEqual(upwards, [])
})

test('every folder has its place among the layers', t => {
  const folders = new Set(product.flatMap(({ path }) => foldersOf(path)))
  const missing = [...folders].filter(folder => {
    const cut = folder.lastIndexOf('/')
    return cut > 0 && layersOf(folder.slice(0, cut))?.includes(folder.slice(cut + 1)) === false
  })
  t.deepEqual(missing, [], 'give the folder a place in LAYERS of test/helpers/layers.ts')
})

test('imports run in no circle', t => {
  t.deepEqual(circles(product), [])
})

test(`no file has more than ${MAX_LINES} lines`, t => {
  const long = product.filter(({ text }) => text.trimEnd().split('\n').length > MAX_LINES)
  t.deepEqual(
    long.map(({ path }) => path),
    [],
  )
})

/** First words of docstrings that only make sense with the code before one's eyes. */
const RIDDLE =
  /\/\*\*\s*(?:\*\s*)?((?:What|Whether|Who|Whom|Whose|Where|How|Told|Asked|When|Which|In how|As many|So many|The same)\b.*)/g

test('P12: docstrings begin with a verb or a noun phrase', t => {
  const riddles = product.flatMap(({ path, text }) =>
    [...text.matchAll(RIDDLE)].map(([, line]) => `${path}: ${line}`),
  )
  t.deepEqual(riddles, [])
})

/** Phrases that readers stumble over, and what to write instead. */
const PHRASES: readonly { phrase: RegExp; instead: string }[] = [
  { phrase: /\b(that|what|which) (is|are) none\b(?! of)/, instead: 'invalid, unknown, missing' },
  { phrase: /\b(where|if|as) it is none\b/, instead: 'if it is no …' },
  { phrase: /\btold of\b/, instead: 'called with, subscribed to, notified of' },
  { phrase: /\bwho asks\b/i, instead: 'the user' },
  { phrase: /\b(anew|made whole|of late|thereof|whereof|hereof)\b/, instead: 'again, completed, lately' },
  { phrase: /\bThe same for many\b/, instead: 'what it does' },
]

test('P12: names, comments and messages use plain phrases', t => {
  const found = product.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        PHRASES.filter(({ phrase }) => phrase.test(line)).map(
          ({ instead }) => `${path}:${index + 1}: ${line.trim()} (write: ${instead})`,
        ),
      ),
  )
  t.deepEqual(found, [])
})

/** Each circle as "a → b → a", found where a depth-first walk comes back to a file on its own path. */
function circles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const done = new Set<string>()
  const found: string[] = []
  const walk = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const name of byPath.get(path)?.imports ?? []) if (byPath.has(name)) walk(name, [...trail, path])
    done.add(path)
  }
  for (const { path } of files) walk(path, [])
  return found
}
