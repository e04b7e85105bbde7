import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { ROOT } from '../../harness/project.ts'
import { call } from '../helpers/http.ts'
import { eventually } from '../helpers/eventually.ts'
import { sourceFiles } from '../helpers/source-files.ts'
import { tempDir } from '../helpers/temp.ts'

const run = promisify(execFile)
const NPM_ENV = {
  npm_config_update_notifier: 'false',
  npm_config_offline: 'true',
  npm_config_loglevel: 'error',
}

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Compiles what was changed since the last build; a checkout that was just installed is up to date. */
async function build(): Promise<void> {
  const sources = ['cli', 'protocol', 'replicator', 'server'].flatMap(sourceFiles)
  const changed = await Promise.all(sources.map(async ({ path }) => (await stat(join(ROOT, path))).mtimeMs))
  const built = await stat(join(ROOT, 'dist/.tsbuildinfo')).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  if (Math.max(...changed) <= built) return
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
  })
  await run(process.execPath, ['dist/scripts/guest-bundle.js'], { cwd: ROOT })
}

test.before(build)

/** Packs what is in dist/. */
async function pack(destination: string): Promise<Packed> {
  const { stdout } = await run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', destination],
    { cwd: ROOT, env: { ...process.env, ...NPM_ENV } },
  )
  const [packed] = JSON.parse(stdout) as Packed[]
  if (packed === undefined) throw new Error(`nothing was packed: ${stdout}`)
  return packed
}

/**
 * Installs the packed program into an empty directory, beside the packages that it names as its dependencies and no others:
 * what `npm install` does, from this checkout's packages and without a registry.
 */
async function install(t: ExecutionContext): Promise<string> {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const { filename } = await pack(dir.path)
  const modules = join(dir.path, 'node_modules')
  const own = join(modules, 'couchette')
  await mkdir(own, { recursive: true })
  await run('tar', ['-xzf', join(dir.path, filename), '-C', own, '--strip-components=1'])
  const { dependencies } = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  // As npm makes it.
  await chmod(join(own, 'dist/cli/main.js'), 0o755)
  await mkdir(join(modules, '.bin'))
  await symlink('../couchette/dist/cli/main.js', join(modules, '.bin', 'couchette'))
  return dir.path
}

test('the package holds what runs and its documents, and runs nothing where it is installed', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const paths = (await pack(dir.path)).files.map(({ path }) => path)
  const wanted = [
    'dist/cli/main.js',
    'dist/server/main.js',
    'dist/server/main.d.ts',
    'dist/server/sandbox/guest.js',
  ]
  const documents = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs/command-line.md', 'docs/configuration.md']
  for (const path of [...wanted, ...documents]) t.true(paths.includes(path), path)
  const unwanted = paths.filter(path =>
    /^(test|bench|harness|fixtures|scripts|data)\/|^dist\/(bench|harness|test)\/|\.tsbuildinfo$|\.test\./.test(
      path,
    ),
  )
  t.deepEqual(unwanted, [])
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const name of ['preinstall', 'install', 'postinstall']) t.false(name in scripts, name)
})

test('npx from the packed program serves and replicates in an empty directory, and frees it when it ends', async t => {
  const dir = await install(t)
  const env = { ...process.env, ...NPM_ENV, COUCHDB_PASSWORD: 'pass', COUCHETTE_PROFILES: join(dir, 'none') }
  const server = spawn('npx', ['couchette', '--port', '0', '--data', 'data'], {
    cwd: dir,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => void server.kill('SIGKILL'))
  let said = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await eventually('it listens', () => /Dashboard: http/.test(said) || server.exitCode !== null, {
    withinMs: 90_000,
  })
  const lines = said.trim().split('\n')
  t.regex(lines[0] ?? '', /^Couchette listens on http:\/\/127\.0\.0\.1:\d+$/, said)
  t.deepEqual(lines.slice(1), [
    `Data directory: ${join(dir, 'data')}`,
    `Dashboard: ${lines[0]?.slice(21) ?? ''}/_utils/`,
  ])
  const url = (lines[0]?.slice(21) ?? '').replace('://', '://admin:pass@')
  await call(url, 'PUT', '/a')
  await call(url, 'PUT', '/a/x', { json: {} })
  const { stdout } = await run('npx', ['couchette', 'replicate', 'a', 'b', '--create-target', '--url', url], {
    cwd: dir,
    env,
  })
  t.regex(stdout, /^1 document /)
  t.is((await call(url, 'GET', '/b/x')).status, 200)
  const ended = once(server, 'close')
  server.kill('SIGTERM')
  await ended
  await eventually('nobody listens', () =>
    call(url, 'GET', '/_up').then(
      () => false,
      () => true,
    ),
  )
  await t.notThrowsAsync(access(join(dir, 'data')))
  const inspected = await run('npx', ['couchette', 'inspect', 'data', '--database', 'b'], { cwd: dir, env })
  t.regex(inspected.stdout, /^b: database \d+/)
})
