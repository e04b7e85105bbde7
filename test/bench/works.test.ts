import test from 'ava'
import { httpCeiling, levelCeilings } from '../../bench/ceilings.ts'
import { Target } from '../../bench/target.ts'
import { WORKS } from '../../bench/works.ts'
import { startServer } from '../helpers/server.ts'

const DOCUMENTS = 2000

test('every work of the benchmarks finds what it expects, and gives a rate', async t => {
  const { url, close } = await startServer()
  const target = new Target(url, DOCUMENTS)
  try {
    for (const work of WORKS) t.true((await work.measure(target)) > 0, work.name)
  } finally {
    await target.close()
    await close()
  }
})

test('the ceilings can be measured', async t => {
  const { batches, iterator } = await levelCeilings(DOCUMENTS)
  t.true(batches > 0 && iterator > batches)
  t.true((await httpCeiling(DOCUMENTS)) > 0)
})
