import test from 'ava'
import { GroupSync } from '../../../server/storage/group-sync.ts'
import { openMemoryLevel } from '../../../server/storage/store.ts'
import { type WriteSet, WriteSetBuilder } from '../../../server/storage/write-set.ts'

const key = (text: string) => Buffer.from(`test ${text}`)

function setOf(entries: readonly (readonly [string, string | undefined])[]): WriteSet {
  const writes = new WriteSetBuilder()
  for (const [name, value] of entries) {
    if (value === undefined) writes.delete(key(name))
    else writes.put(key(name), Buffer.from(value))
  }
  return writes.entries
}

test('P8: what is written at once is there when its write resolves, in the order of the entries', async t => {
  const store = await openMemoryLevel()
  const sync = new GroupSync(store)
  const read = async (name: string) => {
    const value = await store.get(key(name))
    return value === undefined ? undefined : Buffer.from(value).toString()
  }
  const writers = Array.from({ length: 50 }, async (_, n) => {
    await sync.write(
      setOf([
        [`a${n}`, 'first'],
        [`a${n}`, `last ${n}`],
        [`b${n}`, 'x'],
        [`b${n}`, undefined],
      ]),
    )
    t.is(await read(`a${n}`), `last ${n}`)
    t.is(await read(`b${n}`), undefined)
  })
  await Promise.all(writers)
  await sync.write(setOf([['a1', undefined]]))
  t.is(await read('a1'), undefined)
  await store.close()
})

test('writers that come while a batch is written share the next one', async t => {
  const store = await openMemoryLevel()
  let batches = 0
  store.on('write', () => batches++)
  const sync = new GroupSync(store)
  const first = sync.write(setOf([['first', '1']]))
  await Promise.resolve()
  await Promise.resolve()
  const others = Array.from({ length: 20 }, (_, n) => sync.write(setOf([[`other${n}`, '1']])))
  await Promise.all([first, ...others])
  t.is(batches, 2)
  await store.close()
})

test('a failed batch fails all its writes, and the next one is tried', async t => {
  const store = await openMemoryLevel()
  const sync = new GroupSync(store)
  await store.close()
  const refused = await Promise.allSettled([sync.write(setOf([['a', '1']])), sync.write(setOf([['b', '1']]))])
  t.deepEqual(
    refused.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await store.open()
  await t.notThrowsAsync(sync.write(setOf([['c', '1']])))
  await store.close()
})
