import { existsSync } from 'node:fs'
import { open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Level } from 'level'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { KeySpace } from '../../../server/storage/keys.ts'
import { AcknowledgedWrites } from '../../helpers/faults/acknowledged.ts'
import { call } from '../../helpers/http.ts'
import { startServer, type RunningServer } from '../../helpers/server.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { tempDir } from '../../helpers/temp.ts'

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at)
    await handle.write(Buffer.of((buffer[0] ?? 0) ^ 0x10), 0, 1, at)
  } finally {
    await handle.close()
  }
}

/** The log with the most in it. */
async function largestLog(data: string): Promise<string> {
  const store = join(data, 'store')
  const logs = (await readdir(store)).filter(name => name.endsWith('.log')).map(name => join(store, name))
  const sizes = await Promise.all(logs.map(async log => ({ log, size: (await stat(log)).size })))
  return sizes.sort((a, b) => b.size - a.size)[0]!.log
}

interface Killed {
  readonly data: string
  readonly writes: AcknowledgedWrites
  readonly at: (server: RunningServer) => void
}

/** A store with 300 acknowledged documents in its log, left by a process that was killed. */
const killed = test.macro(
  async (t: ExecutionContext, body: (t: ExecutionContext, killed: Killed) => Promise<void>) => {
    const dir = await tempDir()
    const data = join(dir.path, 'data')
    let url = ''
    const writes = new AcknowledgedWrites(() => url, 'db')
    const server = await spawnServer(data)
    try {
      ;({ url } = server)
      await writes.create()
      for (let round = 0; round < 30; round++) await writes.write(10, 300)
      await writes.verify(t)
      await server.kill()
      await body(t, { data, writes, at: running => (url = running.url) })
    } finally {
      await server.kill()
      await dir.remove()
    }
  },
)

const REPORT = { settings: [{ section: 'couchette', key: 'on_damage', value: 'report' }] }

/** `REPORT`, with a log in a file of the data directory. */
const LOGGED_REPORT = {
  logLevel: 'error',
  settings: [
    ...REPORT.settings,
    { section: 'log', key: 'writer', value: 'file' },
    { section: 'log', key: 'file', value: 'couch.log' },
  ],
}

/** Expects what a start that went on without acknowledged writes says: in the log, in `_health`, as a metric. */
async function isReported(t: ExecutionContext, data: string, url: string, what: RegExp): Promise<void> {
  const lines = (await readFile(join(data, 'couch.log'), 'utf8')).split('\n').filter(line => line !== '')
  const logged = lines.map(line => JSON.parse(line) as Record<string, string>)
  const loud = logged.find(({ level, component }) => level === 'error' && component === 'store')
  t.regex(loud?.['msg'] ?? '', what)
  const { body } = await call<{ store: { missing_at_start: string[] } }>(url, 'GET', '/_node/_local/_health')
  t.is(body.store.missing_at_start[0], loud?.['msg'])
  const metrics = await call<string>(url, 'GET', '/_node/_local/_prometheus')
  t.regex(metrics.body, /^couchette_store_missing_at_start [1-9]/m)
}

async function isRefused(t: ExecutionContext, data: string, what: RegExp): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const error = await t.throwsAsync(startServer({ data }))
    t.regex(error?.message ?? '', /^Acknowledged writes are missing from the data in /)
    t.regex(error?.message ?? '', what)
    t.regex(error?.message ?? '', /to start with what is left, set \[couchette\] on_damage = report\.$/)
  }
}

test(
  'a flipped bit in the middle of the log is refused at the start, or reported with the logs kept',
  killed,
  async (t, { data, at }) => {
    const log = await largestLog(data)
    const before = await readFile(log)
    await flipByte(log, Math.floor(before.length / 2))
    await isRefused(t, data, /\.log cannot be read at byte \d+/)
    t.is((await readFile(log)).length, before.length, 'nothing was moved')
    const server = await startServer({ data, ...LOGGED_REPORT })
    try {
      at(server)
      await isReported(
        t,
        data,
        server.url,
        /^Acknowledged writes are missing from the data in .*\.log cannot be read at byte \d+.* The server starts with what is left, as \[couchette\] on_damage = report says; its logs and tables as they were found are kept in .*store-logs-/,
      )
      t.is((await call(server.url, 'GET', '/db')).status, 200)
      const kept = (await readdir(data)).filter(name => name.startsWith('store-logs-'))
      t.is(kept.length, 1)
    } finally {
      await server.close()
    }
    await (await startServer({ data })).close()
  },
)

test('an end of the log that was cut off is refused', killed, async (t, { data }) => {
  const log = await largestLog(data)
  await truncate(log, (await stat(log)).size - 5000)
  await isRefused(t, data, /its log ends with batch \d+, and batch \d+ was acknowledged/)
})

test('a log that is missing is refused', killed, async (t, { data }) => {
  await rm(await largestLog(data))
  await isRefused(t, data, /\.log is missing|its log ends with batch/)
})

// LevelDB takes such a directory for an empty one, begins a new store in it, and removes the tables of the old one.
test(
  'a store whose CURRENT is missing is refused, or reported with everything kept',
  killed,
  async (t, { data }) => {
    const store = join(data, 'store')
    // A second start moves the log to a table.
    await (await startServer({ data })).close()
    const tables = (await readdir(store)).filter(name => name.endsWith('.ldb'))
    t.true(tables.length > 0)
    await rm(join(store, 'CURRENT'))
    await isRefused(t, data, /CURRENT is missing/)
    t.true(
      tables.every(name => existsSync(join(store, name))),
      'nothing was removed',
    )
    await (await startServer({ data, ...REPORT })).close()
    const kept = (await readdir(data)).find(name => name.startsWith('store-logs-'))
    t.true(tables.every(name => existsSync(join(data, kept ?? '', name))))
  },
)

/** Changes what a database holds behind the back of its counts. */
async function removeOneDocument(data: string): Promise<void> {
  const level = new Level<Buffer, Buffer>(join(data, 'store'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  for await (const key of level.keys()) {
    if (key[0] !== 0x10 || key[5] !== KeySpace.document || !key.includes('doc-')) continue
    await level.del(key)
    break
  }
  await level.close()
}

test(
  'a database that holds other documents than it counts is refused after a crash, or reported',
  killed,
  async (t, { data }) => {
    await removeOneDocument(data)
    for (let attempt = 0; attempt < 2; attempt++) {
      // A start that was refused is not followed by one that does not look.
      const error = await t.throwsAsync(startServer({ data }))
      t.regex(error?.message ?? '', /^The database db is damaged: it counts \d+ documents and holds \d+\. /)
    }
    const server = await startServer({ data, ...LOGGED_REPORT })
    t.is((await call(server.url, 'GET', '/db')).status, 200)
    const what = /^The database db is damaged: it counts \d+ documents and holds \d+\.$/
    await isReported(t, data, server.url, what)
    await server.close()
  },
)

test(
  'what a killed process left behind the last acknowledged write is no damage',
  killed,
  async (t, { data, at, writes }) => {
    const handle = await open(await largestLog(data), 'a')
    await handle.write(Buffer.from('0123456789abcdef'))
    await handle.close()
    const server = await startServer({ data })
    try {
      at(server)
      await writes.verify(t)
      t.is((await writes.write(10)).status, 201)
    } finally {
      await server.close()
    }
  },
)

const LARGE = Buffer.from(Array.from({ length: 400_000 }, (_, n) => (n * 7) % 251))
const SMALL = LARGE.subarray(0, 60_000)

test('wrong bytes of an attachment never come to a clean end, and small ones are 500', async t => {
  const dir = await tempDir()
  const data = join(dir.path, 'data')
  const server = await startServer({ data })
  const { origin, headers } = target(server.url)
  const fetched = async (path: string, extra: Record<string, string> = {}) => {
    const answer = await request(origin + path, { headers: { ...headers, ...extra }, reset: true })
    return { status: answer.statusCode, body: await answer.body.text() }
  }
  try {
    await call(server.url, 'PUT', '/db')
    for (const [id, raw] of [
      ['large', LARGE],
      ['small', SMALL],
    ] as const) {
      await call(server.url, 'PUT', `/db/${id}/a`, { raw, headers: { 'content-type': 'image/png' } })
    }
    const files = (await readdir(join(data, 'attachments'), { recursive: true, withFileTypes: true }))
      .filter(entry => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    for (const file of files) if ((await stat(file)).size > 0) await flipByte(file, 50_000)

    const small = await fetched('/db/small/a')
    t.is(small.status, 500)
    t.regex(
      small.body,
      /"error":"damaged_record","reason":"The content of an attachment \(.*\) is not what was stored/,
    )
    await t.throwsAsync(fetched('/db/large/a'), undefined, 'the answer is broken off')
    await t.throwsAsync(fetched('/db/large?attachments=true', { accept: 'application/json' }))
    await t.throwsAsync(fetched('/db/large?attachments=true', { accept: 'multipart/related' }))
    t.is((await fetched('/db/large')).status, 200, 'the document stays readable')
    t.is((await fetched('/db/large/a', { range: 'bytes=0-99' })).status, 206)
  } finally {
    await server.close()
    await dir.remove()
  }
})
