import test from 'ava'
import { GatheredBytes } from '../../protocol/gathered-bytes.ts'

test('pieces of any sizes come back as they were pushed', t => {
  for (const sizes of [
    [],
    [5],
    [5, 7],
    [1024],
    [1, 2000, 1],
    Array<number>(5000).fill(1),
    [16_384, 1, 16_384],
  ]) {
    for (const many of [1, 3, 40]) {
      const bytes = new GatheredBytes()
      const expected: Buffer[] = []
      for (let round = 0, value = 0; round < many; round++) {
        for (const size of sizes) {
          const piece = Buffer.alloc(size, value++ % 251)
          expected.push(Buffer.from(piece))
          bytes.push(piece)
        }
      }
      const whole = Buffer.concat(expected)
      t.is(bytes.length, whole.length)
      t.true(bytes.take().equals(whole), `${many} times ${sizes.length} pieces`)
    }
  }
})
