import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { Level } from 'level'
import { databaseNumber } from '../helpers/faults/database-number.ts'
import type { CouchetteOptions } from '../../server/main.ts'
import { databaseNameKey, DatabaseKeys, metaKey, KeySpace } from '../../server/storage/keys.ts'
import { StoreUnavailableError } from '../../server/storage/store.ts'
import { attachmentFiles } from '../helpers/attachment-files.ts'
import { call } from '../helpers/http.ts'
import {
  MARKER,
  KEY,
  OTHER_KEY,
  LARGE,
  key,
  start,
  withData,
  filesWith,
  bytesOf,
  fill,
  check,
} from './encrypted-node.ts'

test('a store that is encrypted is refused without its key, and a plain one with a key', t =>
  withData(async (data, run) => {
    const refusal = async (options: Partial<CouchetteOptions>) =>
      (await t.throwsAsync(start(data, options), { instanceOf: StoreUnavailableError }))?.message ?? ''
    await run(key(KEY), async ({ url }) => void (await call(url, 'PUT', '/db')))
    t.regex(await refusal({}), /is encrypted: give its key with --encryption-key-file/)
    t.regex(await refusal(key(OTHER_KEY)), /encrypted under another key than the one that was given/)
    t.regex(await refusal(key('too short')), /is no key: 32 random bytes are wanted/)
    t.regex(await refusal({ encryption: { keyFile: join(data, 'none') } }), /cannot be read/)
    const both = { ...key(KEY), encryption: { keyFile: join(data, 'none') } }
    t.regex(await refusal(both), /given twice/)
    t.regex(
      await refusal({ env: { COUCHETTE_PREVIOUS_ENCRYPTION_KEY: KEY } }),
      /without the one to use from now on/,
    )
    await run(key(KEY), async ({ url }) => void t.is((await call(url, 'GET', '/db')).status, 200))
  }))

test('a plain store stays plain: a key does not make it look encrypted', t =>
  withData(async (data, run) => {
    await run({}, async ({ url }) => void (await call(url, 'PUT', '/db')))
    const error = await t.throwsAsync(start(data, key(KEY)), { instanceOf: StoreUnavailableError })
    t.regex(error?.message ?? '', /is not encrypted, and a key does not make it so/)
    await run({}, async ({ url }) => void t.is((await call(url, 'GET', '/db')).status, 200))
  }))

test('the master key is replaced without touching the data, and the old one opens nothing any more', t =>
  withData(async (data, run) => {
    await run(key(KEY), ({ url }) => fill(t, url))
    const keyFile = join(data, 'master.key')
    await writeFile(keyFile, `${Buffer.from(OTHER_KEY, 'hex').toString('base64')}\n`, { mode: 0o600 })
    const envelope = Buffer.from((await changeStore(data, store => store.get(metaKey('encryption')))) ?? [])
    t.not((await filesWith(data, envelope)).length, 0)
    const before = await contentFiles(data)
    const rotate = { encryption: { keyFile }, env: { COUCHETTE_PREVIOUS_ENCRYPTION_KEY: KEY } }
    await run(rotate, ({ url }) => check(t, url))
    t.deepEqual(await contentFiles(data), before)
    t.deepEqual(await filesWith(data, envelope), [], 'what the old key opens is gone')
    await run({ encryption: { keyFile } }, ({ url }) => check(t, url))
    await run(rotate, ({ url }) => check(t, url))
    await t.throwsAsync(start(data, key(KEY)), { instanceOf: StoreUnavailableError })
  }))

test('what was changed on disk is answered with an error, and all else as ever', t =>
  withData(async (data, run) => {
    await run(key(KEY), ({ url }) => fill(t, url))
    await changeStore(data, async store => {
      const keys = new DatabaseKeys(databaseNumber(await store.get(databaseNameKey('secrets'))))
      const [one, other] = [keys.number(KeySpace.body, 10), keys.number(KeySpace.body, 11)]
      const [first, second] = await store.getMany([one, other])
      if (first === undefined || second === undefined) throw new Error('there are no such bodies')
      // Each as it was written, in the other's place.
      await store.batch().put(one, second).put(other, first).write()
    })
    for (const file of await attachmentFiles(data)) await flipByte(file, 200_000)
    await run(key(KEY), async ({ url }) => {
      const path = '/secrets/_all_docs?startkey="d"&limit=20'
      const { rows } = (await call<{ rows: { id: string }[] }>(url, 'GET', path)).body
      const answers = await Promise.all(
        rows.map(async ({ id }) => (await call(url, 'GET', `/secrets/${id}`)).status),
      )
      t.deepEqual(
        answers.filter(status => status !== 200),
        [500, 500],
      )
      await t.throwsAsync(bytesOf(url, '/secrets/large/a'))
      const intact = await bytesOf(url, '/secrets/large/a', { range: 'bytes=0-1000' })
      t.true(intact.equals(LARGE.subarray(0, 1001)))
      t.deepEqual(await bytesOf(url, '/secrets/small/a'), Buffer.from(`${MARKER} small`))
    })
  }))

/** Reads and changes a store as somebody with the disk in hand would. */
async function changeStore<Result>(
  data: string,
  change: (store: Level<Uint8Array, Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const store = new Level<Uint8Array, Uint8Array>(join(data, 'store'), encodings)
  try {
    return await change(store)
  } finally {
    await store.close()
  }
}

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, at)
    if (bytesRead === 1) await handle.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, at)
  } finally {
    await handle.close()
  }
}

/** Attachments on disk, with when they were written. */
async function contentFiles(data: string): Promise<readonly [string, number][]> {
  const files = (await attachmentFiles(data)).sort()
  return Promise.all(files.map(async file => [file, (await stat(file)).mtimeMs] as [string, number]))
}
