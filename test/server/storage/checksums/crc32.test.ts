import test from 'ava'
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc32Of } from '../../../../server/storage/checksums/crc32.ts'

test("the checksum of a value is zlib's CRC-32, whatever its length, place and seed", t => {
  t.is(crc32Of(Buffer.from('123456789'), 9, 0), 0xcbf43926)
  const bytes = randomBytes(1000)
  for (let length = 0; length < 400; length++) {
    for (const seed of [0, 1, 0x811c9dc5, 0xffffffff]) {
      const value = bytes.subarray(length, 1000)
      t.is(
        crc32Of(value, length, seed),
        crc32(value.subarray(0, length), seed),
        `${length} bytes, seed ${seed}`,
      )
    }
  }
})
