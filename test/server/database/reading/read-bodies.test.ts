import test from 'ava'
import { readFirstBodies } from '../../../../server/database/reading/read-bodies.ts'
import { memoryDatabase } from '../../../helpers/memory-database.ts'
import { write } from '../../../helpers/write.ts'

const SIZE = 10_000
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
    t.is(await read(5 * SIZE), 5, title)
    t.is(await read(1), 1, title)
    t.is(await read(1000 * SIZE), numbers.length, title)
  }
})
