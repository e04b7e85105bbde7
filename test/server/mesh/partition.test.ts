import test from 'ava'
import { meshRounds } from '../../helpers/mesh-rounds.ts'

test('three nodes that are cut apart, written to at random and healed end with the same leaves', async t => {
  const { documents, conflicts } = await meshRounds({ nodes: 3, rounds: 2, seed: 7, writes: 6 })
  t.true(documents > 0)
  t.true(conflicts > 0, 'what was written on both sides is kept')
})
