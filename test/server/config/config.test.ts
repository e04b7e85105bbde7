import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseAdminPassword } from '../../../server/passwords/stored-password.ts'
import { Config, type ConfigOptions } from '../../../server/config/config.ts'

const FAST = '[chttpd_auth]\niterations = 10\n'

async function directory(t: ExecutionContext, files: Record<string, string> = {}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'couchette-config-'))
  t.teardown(() => rm(path, { recursive: true }))
  await mkdir(join(path, 'local.d'))
  for (const [name, text] of Object.entries({ 'local.ini': FAST, ...files }))
    await writeFile(join(path, name), text)
  return path
}

async function open(t: ExecutionContext, options: ConfigOptions): Promise<Config> {
  const config = await Config.open(options)
  t.teardown(() => config.close())
  return config
}

test('later files win over earlier ones, and flags over all', async t => {
  const path = await directory(t, {
    'local.ini': '[chttpd]\nport = 1\nbind_address = a\nbacklog = 7\n' + FAST,
    'local.d/20-b.ini': '[chttpd]\nport = 3\nbacklog = 9\n',
    'local.d/10-a.ini': '[chttpd]\nport = 2\nbacklog = 8\n',
    'local.d/ignored.txt': '[chttpd]\nbacklog = 10\n',
  })
  const config = await open(t, { directory: path, flags: { port: 4 } })
  t.is(config.integer('chttpd', 'port'), 4)
  t.is(config.integer('chttpd', 'backlog'), 9)
  t.is(config.text('chttpd', 'bind_address'), 'a')
})

test('a value that is not set has its default', async t => {
  const config = await open(t, { directory: await directory(t) })
  t.is(config.integer('uuids', 'max_count'), 1000)
  t.is(config.integer('couchdb', 'max_document_id_length'), Infinity)
  t.deepEqual(config.list('chttpd_auth', 'hash_algorithms'), ['sha256', 'sha'])
})

test('what is set is effective at once, is told to listeners, and is there after a restart', async t => {
  const path = await directory(t)
  const config = await open(t, { directory: path })
  const seen: [string, string | undefined][] = []
  const stop = config.onChange('chttpd', (key, value) => seen.push([key, value]))
  t.is(await config.set('chttpd', 'require_valid_user', 'true'), undefined)
  t.true(config.boolean('chttpd', 'require_valid_user'))
  t.is(await config.set('chttpd', 'require_valid_user', 'false'), 'true')
  stop()
  await config.set('chttpd', 'require_valid_user', 'true', { persist: false })
  t.deepEqual(seen, [
    ['require_valid_user', 'true'],
    ['require_valid_user', 'false'],
  ])
  const again = await open(t, { directory: path })
  t.is(again.get('chttpd', 'require_valid_user'), 'false')
})

test('what is deleted is gone from every file', async t => {
  const path = await directory(t, { 'local.d/a.ini': '; kept\n[x]\ny = 1\n' })
  const config = await open(t, { directory: path })
  await config.set('x', 'y', '2')
  t.is(await config.delete('x', 'y'), '2')
  const again = await open(t, { directory: path })
  t.is(again.get('x', 'y'), undefined)
  t.is(await readFile(join(path, 'local.d/a.ini'), 'utf8'), '; kept\n[x]\n')
})

test('a reload forgets what was set for this run only and takes what was edited', async t => {
  const path = await directory(t)
  const config = await open(t, { directory: path })
  await config.set('x', 'y', '1', { persist: false })
  await writeFile(join(path, 'local.d/new.ini'), '[x]\nz = 2\n')
  await config.reload()
  t.deepEqual(Object.fromEntries(config.section('x')), { z: '2' })
})

test('the first start makes uuid, secret and an administrator, and the second one keeps them', async t => {
  const path = await directory(t)
  const first = await open(t, { directory: path })
  const second = await open(t, { directory: path })
  t.regex(first.get('couchdb', 'uuid') ?? '', /^[0-9a-f]{32}$/)
  t.is(second.get('couchdb', 'uuid'), first.get('couchdb', 'uuid'))
  t.is(second.get('chttpd_auth', 'secret'), first.get('chttpd_auth', 'secret'))
  t.is(first.createdAdmin?.name, 'admin')
  t.is(second.createdAdmin, undefined)
  const stored = parseAdminPassword(second.get('admins', 'admin') ?? '')
  t.true(
    stored !== undefined && (await second.hasher.verify(first.createdAdmin?.password ?? '', stored, 'a')),
  )
  t.is((await stat(join(path, 'couchette.ini'))).mode & 0o777, 0o600)
})

test("the environment's password is the administrator's, at later starts too", async t => {
  const path = await directory(t)
  await open(t, { directory: path, env: { COUCHDB_USER: 'boss', COUCHDB_PASSWORD: 'one' } })
  const again = await open(t, { directory: path, env: { COUCHDB_USER: 'boss', COUCHDB_PASSWORD: 'two' } })
  t.deepEqual([...again.section('admins').keys()], ['boss'])
  const stored = parseAdminPassword(again.get('admins', 'boss') ?? '')
  t.true(stored !== undefined && (await again.hasher.verify('two', stored, 'a')))
  t.deepEqual(again.warnings, ['The administrator "boss" was given a new password.'])
  const third = await open(t, { directory: path, env: { COUCHDB_USER: 'boss', COUCHDB_PASSWORD: 'two' } })
  t.is(third.get('admins', 'boss'), again.get('admins', 'boss'))
  t.deepEqual(third.warnings, [])
  const alone = await open(t, { directory: path, env: { COUCHDB_USER: 'boss' } })
  t.regex(alone.warnings.join(), /COUCHDB_USER is set without COUCHDB_PASSWORD/)
})

test('plain passwords of administrators are hashed in the file where they stand', async t => {
  const path = await directory(t, { 'local.d/admins.ini': '; ours\n[admins]\njan = apple\n' })
  const config = await open(t, { directory: path })
  const text = await readFile(join(path, 'local.d/admins.ini'), 'utf8')
  t.regex(text, /^; ours\n\[admins\]\njan = -pbkdf2:sha256-[0-9a-f]{64},[0-9a-f]{32},10\n$/)
  await config.set('admins', 'ann', 'pear')
  t.regex(config.get('admins', 'ann') ?? '', /^-pbkdf2:sha256-/)
})

const REFUSED: [title: string, entry: [string, string, string]][] = [
  ['a line break in a value', ['a', 'b', 'x\n[admins]\nevil = 1']],
  ['a comment in a value', ['a', 'b', 'x ; y']],
  ['a bracket in a section', ['a]', 'b', 'x']],
  ['an empty section', ['', 'b', 'x']],
  ['a comment as a key', ['a', ';b', 'x']],
  ['a heading as a key', ['a', '[b]', 'x']],
]
for (const [title, entry] of REFUSED) {
  test(`${title} is refused and changes nothing`, async t => {
    const config = await open(t, { directory: await directory(t) })
    const before = JSON.stringify([...config.all().keys()])
    await t.throwsAsync(config.set(...entry), { message: /Invalid configuration/ })
    t.is(JSON.stringify([...config.all().keys()]), before)
  })
}
