import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { LostRanges } from '../../../../server/storage/durable/lost-ranges.ts'
import { readManifest } from '../../../../server/storage/leveldb/manifest.ts'
import { lostKeysOf } from '../../../../server/storage/leveldb/table-file.ts'
import type { Store } from '../../../../server/storage/store.ts'
import { StoreLevel } from '../../../../server/storage/store-level.ts'
import { tempDir } from '../../../helpers/temp.ts'

const RECORDS = 2000
/** Filler between the handles of a footer and its last bytes: nobody reads it. */
const FOOTER_BYTES = 48

const keyOf = (n: number): Buffer => Buffer.from(`key-${String(n).padStart(6, '0')}`)

/** A table that LevelDB wrote, with values that it can compress and values that it cannot. */
async function withTable(t: { teardown(end: () => Promise<void>): void }) {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const options = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const level = new StoreLevel(dir.path, options)
  await level.open()
  const batch = level.batch()
  for (let n = 0; n < RECORDS; n++)
    batch.put(keyOf(n), Buffer.from(n % 2 === 0 ? 'a'.repeat(90) : String(n ** 7)))
  await batch.write()
  const store: Store = level
  await store.compactRange?.(keyOf(0), keyOf(RECORDS))
  await level.close()
  const [[number, keys]] = [...((await readManifest(dir.path))?.tables ?? [])] as [[number, never]]
  const path = join(dir.path, `${String(number).padStart(6, '0')}.ldb`)
  return { path, keys, bytes: await readFile(path) }
}

test('the index of a table is read, and its blocks are as they were written', async t => {
  const { path, keys } = await withTable(t)
  t.deepEqual(keys, { first: keyOf(0), last: keyOf(RECORDS - 1) } as never)
  let pauses = 0
  t.deepEqual(await lostKeysOf(path, keys, async () => void (pauses += 1)), [])
  t.true(pauses > 0)
})

test('each bit that is flipped is found, with the keys of its block', async t => {
  const { path, keys, bytes } = await withTable(t)
  const place = fc.integer({ min: 0, max: bytes.length - FOOTER_BYTES - 1 })
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        await writeFile(
          path,
          bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte)),
        )
        const lost = await lostKeysOf(path, keys)
        return lost.length === 1 && Buffer.compare(lost[0]!.upTo, keyOf(0)) >= 0
      }),
      { numRuns: 300 },
    ),
  )
  for (const damaged of [
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, 10),
    Buffer.alloc(bytes.length),
  ]) {
    await writeFile(path, damaged)
    t.is((await lostKeysOf(path, keys)).length, 1)
  }
})

test('a key or a range meets what is lost, or lies beside it', t => {
  const lost = new LostRanges()
  const at = (text: string) => Buffer.from(text)
  lost.add([{ above: at('c'), upTo: at('f') }])
  t.deepEqual(
    ['b', 'c', 'ca', 'f', 'fa'].map(key => lost.has(at(key))),
    [false, false, true, true, false],
  )
  t.true(lost.meet({}))
  t.true(lost.meet({ gte: at('f') }))
  t.true(lost.meet({ gte: at('a'), lt: at('d') }))
  t.false(lost.meet({ gt: at('g') }))
  t.false(lost.meet({ lte: at('c') }))
  t.false(lost.meet({ gte: at('a'), lt: at('b') }))
  lost.add([{ from: at('x'), upTo: at('z') }])
  t.true(lost.has(at('x')))
  t.false(lost.has(at('w')))
})
