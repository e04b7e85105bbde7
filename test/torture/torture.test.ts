import { join } from 'node:path'
import test from 'ava'
import { tempDir } from '../helpers/temp.ts'
import { directory, torture } from './rounds.ts'

const ROUNDS = 3

test('P4: a server that is killed at random points under a load of everything loses nothing that it acknowledged', async t => {
  t.timeout(10 * 60_000)
  const dir = await tempDir()
  const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 2 ** 31)
  t.log(`seed ${seed}`)
  try {
    const { acknowledged, backups, restored } = await torture({
      place: directory(join(dir.path, 'data')),
      backups: join(dir.path, 'backups'),
      rounds: ROUNDS,
      seed,
    })
    t.true(acknowledged > ROUNDS * 20)
    t.true(restored > 0 || backups === 0)
  } finally {
    await dir.remove()
  }
})
