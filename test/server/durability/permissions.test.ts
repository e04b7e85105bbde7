import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { StoreUnavailableError } from '../../../server/storage/store.ts'
import { call } from '../../helpers/http.ts'
import { openLog } from '../../../server/cluster/log/open-log.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

const KEY = `${'ab'.repeat(32)}\n`

/** Paths below a directory whose group or others have any right. */
async function openToOthers(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = [directory, ...entries.map(({ parentPath, name }) => join(parentPath, name))]
  const modes = await Promise.all(paths.map(async path => ({ path, mode: (await stat(path)).mode & 0o777 })))
  return modes
    .filter(({ mode }) => (mode & 0o077) !== 0)
    .map(({ path, mode }) => `${path} ${mode.toString(8)}`)
}

test.serial(
  'whatever the umask, store, attachments and configuration are for the own account alone',
  async t => {
    const dir = await tempDir()
    const before = process.umask(0)
    const data = join(dir.path, 'data')
    const server = await startServer({ data })
    try {
      await call(server.url, 'PUT', '/db')
      t.is((await call(server.url, 'PUT', '/db/a/large', { raw: Buffer.alloc(100_000, 1) })).status, 201)
      await call(server.url, 'PUT', '/_node/_local/_config/log/level', { json: 'error' })
      t.deepEqual(await openToOthers(data), [])
    } finally {
      await server.close()
      process.umask(before)
      await dir.remove()
    }
  },
)

test.serial('a store that others could list is closed to them at the next start', async t => {
  const dir = await tempDir()
  const data = join(dir.path, 'data')
  await (await startServer({ data })).close()
  for (const name of ['store', 'attachments']) await chmod(join(data, name), 0o755)
  const server = await startServer({ data })
  try {
    for (const name of ['store', 'attachments']) t.is((await stat(join(data, name))).mode & 0o777, 0o700)
  } finally {
    await server.close()
    await dir.remove()
  }
})

test.serial('an encryption key that others can read is refused with a sentence', async t => {
  if (process.getuid === undefined) {
    t.log('skipped: files have no modes here')
    return t.pass()
  }
  const dir = await tempDir()
  const keyFile = join(dir.path, 'master.key')
  const start = () => startServer({ data: join(dir.path, 'data'), encryption: { keyFile } })
  await writeFile(keyFile, KEY)
  for (const mode of [0o644, 0o640, 0o604]) {
    await chmod(keyFile, mode)
    const error = await t.throwsAsync(start(), { instanceOf: StoreUnavailableError })
    t.is(
      error?.message,
      `The encryption key in ${keyFile} can be read by other accounts (mode ${mode.toString(8)}): chmod 600 ${keyFile}`,
    )
  }
  await chmod(keyFile, 0o400)
  await (await start()).close()
  await dir.remove()
})

test.serial('so is the private key of TLS', async t => {
  if (process.getuid === undefined) {
    t.log('skipped: files have no modes here')
    return t.pass()
  }
  const dir = await tempDir()
  const file = join(dir.path, 'tls.pem')
  await writeFile(file, 'no key')
  await chmod(file, 0o644)
  const settings = Object.entries({ enable: 'true', port: '0', cert_file: file, key_file: file }).map(
    ([key, value]) => ({ section: 'ssl', key, value }),
  )
  const error = await t.throwsAsync(startServer({ data: join(dir.path, 'data'), settings }))
  t.regex(
    error?.message ?? '',
    /^The private key of \[ssl\] in .* can be read by other accounts \(mode 644\): chmod 600 /,
  )
  await dir.remove()
})

test.serial(
  'so are the key of TLS that the server made, the key of replications, and those of the log of a cluster',
  async t => {
    if (process.getuid === undefined) {
      t.log('skipped: files have no modes here')
      return t.pass()
    }
    const dir = await tempDir()
    const [data, key] = [join(dir.path, 'data'), join(dir.path, 'key.pem')]
    const tls = [
      { section: 'ssl', key: 'enable', value: 'true' },
      { section: 'ssl', key: 'port', value: '0' },
    ]
    await (await startServer({ data, settings: tls })).couchette.close()
    await chmod(join(data, 'tls', 'key.pem'), 0o644)
    await t.throwsAsync(startServer({ data, settings: tls }), {
      message: /^The private key of TLS in .*key\.pem can be read by other accounts \(mode 644\): chmod 600 /,
    })
    await writeFile(key, 'no key')
    await chmod(key, 0o640)
    const replicator = { section: 'replicator', key: 'key_file' }
    for (const threads of ['1', '2']) {
      const settings = [
        { ...replicator, value: key },
        { section: 'couchette', key: 'threads', value: threads },
      ]
      await t.throwsAsync(startServer({ settings }), {
        message:
          /^The private key of \[replicator\] in .*key\.pem can be read by other accounts \(mode 640\): /,
      })
    }
    await t.throwsAsync(startServer({ settings: [{ ...replicator, value: join(dir.path, 'none.pem') }] }), {
      message: /^The file of \[replicator\] key_file .*none\.pem cannot be used: there is no such file/,
    })
    await t.throwsAsync(openLog(`nats://127.0.0.1:4222?creds=${key}`, 'log'), {
      message:
        /^The file creds of the cluster's log in .*key\.pem can be read by other accounts \(mode 640\): /,
    })
    await dir.remove()
  },
)
