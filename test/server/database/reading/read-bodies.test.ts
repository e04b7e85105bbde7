import test from 'ava'
import { readFirstBodies } from '../../../../server/database/reading/read-bodies.ts'
import { memoryDatabase } from '../../../helpers/memory-database.ts'
import { write } from '../../../helpers/write.ts'

const SIZE = 100_000
/** Bodies that are kept past the bound, as they were read already. */
const MORE = 3
const BODIES = 100

// A view of 24 documents of 7 MB had no memory in its engine: up to 32 bodies were read whatever their size.
test('bodies are read up to a number of bytes, however many they are and wherever they lie', async t => {
  const { database, close } = await memoryDatabase()
  t.teardown(close)
  const text = 'x'.repeat(SIZE)
  for (let n = 1; n <= BODIES; n++) await write(database, [{ _id: String(n), text }])
  const all = Array.from({ length: BODIES }, (_, index) => index + 1)
  for (const [title, numbers] of [
    ['few', all.slice(0, 20)],
    ['side by side', all],
    ['apart', all.filter(number => number % 3 === 0)],
  ] as const) {
    const read = async (mostBytes: number) => (await readFirstBodies(database, numbers, mostBytes)).length
    const some = await read(5 * SIZE)
    t.true(some >= 5 && some <= 5 + MORE, `${title}: ${some}`)
    const first = await read(1)
    t.true(first >= 1 && first <= 1 + MORE, `${title}: ${first}`)
    t.is(await read(1000 * SIZE), numbers.length, title)
  }
})
