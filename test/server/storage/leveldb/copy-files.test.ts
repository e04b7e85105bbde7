import { join } from 'node:path'
import test from 'ava'
import { LevelDisk } from '../../../../server/storage/durable/level-disk.ts'
import { copyLevelFiles } from '../../../../server/storage/leveldb/copy-files.ts'
import { tempDir } from '../../../helpers/temp.ts'

const key = (number: number): Buffer => Buffer.from(String(number).padStart(6, '0'))

test('a copy that is made while tables are merged all the time has everything', async t => {
  const dir = await tempDir()
  const from = join(dir.path, 'store')
  const store = await new LevelDisk(from).open()
  let merging = true
  for (let copy = 0; copy < 5; copy++) {
    const batch = store.batch()
    for (let n = 0; n < 500; n++) batch.put(key(copy * 500 + n), Buffer.alloc(300, copy))
    await batch.write()
    merging = true
    const merge = (async () => {
      while (merging) await store.compactRange?.(key(0), key(999_999))
    })()
    const to = join(dir.path, `copy-${copy}`)
    await copyLevelFiles(from, to)
    merging = false
    await merge
    const copied = await new LevelDisk(to).open()
    t.is((await copied.keys({ gte: key(0) }).all()).length, (copy + 1) * 500)
    await copied.close()
  }
  await store.close()
  await dir.remove()
})
