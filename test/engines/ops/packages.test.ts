import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { parse } from 'yaml'
import { call } from '../../helpers/http.ts'
import { tempDir } from '../../helpers/temp.ts'
import { OPS } from './promtool.ts'

const run = promisify(execFile)
const ROOT = join(OPS, '..')
const DOCKER = join(OPS, 'docker')
const SYSTEMD = join(OPS, 'systemd')

test('the entry point of the container serves with its variables and ini files; the health check follows', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const [data, etc, program] = ['data', 'etc', 'couchette'].map(name => join(dir.path, name)) as [
    string,
    string,
    string,
  ]
  await Promise.all([mkdir(data), mkdir(etc)])
  await writeFile(join(etc, 'mounted.ini'), '[replicator]\nmax_jobs = 17\n')
  await writeFile(program, `#!/bin/sh\nexec node ${join(ROOT, 'dist/cli/main.js')} "$@"\n`)
  await chmod(program, 0o755)
  const env = {
    ...process.env,
    COUCHETTE_DATA: data,
    COUCHETTE_ETC: etc,
    COUCHETTE_PROGRAM: program,
    COUCHETTE_BIND: '127.0.0.1',
    COUCHDB_USER: 'amy',
    COUCHDB_PASSWORD: 'secret',
  }
  const child = spawn('sh', [join(DOCKER, 'entrypoint.sh'), 'serve', '--port', '0'], { env })
  t.teardown(() => child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const url = /http:\/\/\S+/.exec(said.toString())?.[0] ?? ''
  const admin = url.replace('//', '//amy:secret@')
  t.is((await call(admin, 'GET', '/_node/_local/_config/replicator/max_jobs')).body, '17' as never)
  t.is((await call(url, 'GET', '/_node/_local/_config')).status, 401)
  const check = (): Promise<unknown> =>
    run('node', [join(DOCKER, 'healthcheck.mjs')], { env: { ...env, COUCHETTE_PORT: new URL(url).port } })
  await t.notThrowsAsync(check())
  await call(admin, 'PUT', '/_node/_local/_config/couchdb/maintenance_mode', { json: 'true' })
  await t.throwsAsync(check())
  child.kill('SIGTERM')
  // The shell has become the server: the signal reached it.
  const [code] = (await once(child, 'exit')) as [number]
  t.is(code, 0)
  const other = spawn('sh', [join(DOCKER, 'entrypoint.sh'), '--version'], { env })
  const [version] = (await once(other.stdout, 'data')) as [Buffer]
  t.regex(version.toString(), /^\d+\.\d+\.\d+/)
})

test('the Dockerfile copies what is there, runs as a user of its own, and has the volume and ports of the official image', async t => {
  const text = await readFile(join(DOCKER, 'Dockerfile'), 'utf8')
  const copies = [...text.matchAll(/^COPY (?!--from)(.*)$/gm)].flatMap(([, words = '']) =>
    words
      .split(' ')
      .filter(word => !word.startsWith('--'))
      .slice(0, -1),
  )
  t.true(copies.length >= 5)
  for (const source of copies) await t.notThrowsAsync(stat(join(ROOT, source)), source)
  t.regex(text, /^USER 5984:5984$/m)
  t.regex(text, /^VOLUME \/opt\/couchdb\/data$/m)
  t.regex(text, /^EXPOSE 5984 6984 17986$/m)
  t.regex(text, /^HEALTHCHECK /m)
  t.is([...text.matchAll(/^FROM /gm)].length, 2)
})

test('the compose files build that image and keep its data', async t => {
  for (const name of ['compose.yml', 'compose.couchdb.yml']) {
    const { services, volumes } = parse(await readFile(join(DOCKER, name), 'utf8'), { merge: true }) as {
      services: Record<string, { build?: { context: string; dockerfile: string }; volumes?: string[] }>
      volumes: Record<string, unknown>
    }
    const { build, volumes: mounts = [] } = services.couchette ?? {}
    await t.notThrowsAsync(stat(join(DOCKER, build?.context ?? '', build?.dockerfile ?? '-')))
    const [volume = '', path] = mounts[0]?.split(':') ?? []
    t.true(volume in volumes)
    t.is(path, '/opt/couchdb/data')
  }
})

interface ComposeService {
  readonly image?: string
  readonly hostname?: string
  readonly environment?: Record<string, string>
  readonly volumes?: readonly string[]
  readonly depends_on?: readonly string[] | Record<string, unknown>
  readonly command?: readonly string[]
}

test('the compose files of clusters have three nodes with names and volumes of their own, and files that are there', async t => {
  const files = [
    { name: 'compose.cluster.yml', log: /^postgres:\/\/couchette@(?<hosts>[^/]+)\/couchette$/ },
    { name: 'compose.cluster-nats.yml', log: /^nats:\/\/(?<hosts>[^/]+)$/ },
  ]
  for (const { name, log } of files) {
    const text = await readFile(join(DOCKER, name), 'utf8')
    const { services, volumes } = parse(text, { merge: true }) as {
      services: Record<string, ComposeService>
      volumes: Record<string, unknown>
    }
    const mounts = Object.values(services).flatMap(service => service.volumes ?? [])
    for (const mount of mounts) {
      const [from = ''] = mount.split(':')
      if (from.startsWith('..')) await t.notThrowsAsync(stat(join(DOCKER, from)), mount)
      else t.true(from in volumes, mount)
    }
    t.is(new Set(mounts.filter(mount => !mount.startsWith('..'))).size, Object.keys(volumes).length)
    for (const service of Object.values(services)) {
      const before = service.depends_on ?? []
      for (const needed of Array.isArray(before) ? (before as string[]) : Object.keys(before))
        t.true(needed in services, needed)
    }
    const { environment = {} } = services.balancer!
    for (const node of ['couchette1', 'couchette2', 'couchette3']) {
      const service = services[node]!
      t.is(service.hostname, node)
      t.is(service.environment?.COUCHETTE_CLUSTER_NODE, node)
      t.deepEqual(service.volumes, [`${node}:/opt/couchdb/data`])
      t.is(environment[node.toUpperCase()], `${node}:5984`)
      const hosts =
        log.exec(service.environment?.COUCHETTE_CLUSTER_LOG ?? '')?.groups?.hosts?.split(',') ?? []
      t.true(hosts.length >= 2 && hosts.every(host => host in services))
      // The command that makes the cluster, in the file's first lines, names the same log.
      t.true(text.includes(`--log ${service.environment?.COUCHETTE_CLUSTER_LOG} --name main`))
    }
  }
  await t.notThrowsAsync(run('sh', ['-n', join(OPS, 'cluster/primary.sh')]))
})

test('the Debian layout is installed, its unit is valid and hardened, and its program runs', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const env = { ...process.env, DESTDIR: dir.path, WITHOUT_DEPENDENCIES: '1' }
  await run('sh', [join(SYSTEMD, 'install.sh')], { env })
  const lib = join(dir.path, 'usr/lib/couchette')
  await symlink(join(ROOT, 'node_modules'), join(lib, 'node_modules'))
  const { stdout } = await run('node', [join(lib, 'dist/cli/main.js'), '--version'])
  t.regex(stdout, /^\d+\.\d+\.\d+/)
  // The unit names the program where it will be; here it is below a directory.
  const unit = join(dir.path, 'couchette.service')
  const installed = await readFile(join(dir.path, 'usr/lib/systemd/system/couchette.service'), 'utf8')
  await writeFile(unit, installed.replace('/usr/bin/couchette', join(dir.path, 'usr/bin/couchette')))
  await t.notThrowsAsync(run('systemd-analyze', ['verify', '--recursive-errors=no', unit]))
  await t.notThrowsAsync(
    run('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', unit]),
  )
  t.is((await stat(join(dir.path, 'etc/couchette/environment'))).mode & 0o777, 0o640)
  if (process.getuid?.() !== 0) return
  await run('systemd-sysusers', [`--root=${dir.path}`])
  await run('systemd-tmpfiles', [`--root=${dir.path}`, '--create', 'couchette.conf'])
  t.is((await stat(join(dir.path, 'var/lib/couchette'))).mode & 0o777, 0o700)
  t.true((await lstat(join(dir.path, 'var/lib/couchette/local.d'))).isSymbolicLink())
})
