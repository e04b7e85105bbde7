import fc from 'fast-check'

type Change = readonly [kind: 'set' | 'cut' | 'insert' | 'double', place: number, byte: number]

/** Up to some changes of bytes: places are shares of the length. */
export function byteChanges(maxLength = 6): fc.Arbitrary<Change[]> {
  return fc.array(
    fc.tuple(
      fc.constantFrom('set', 'cut', 'insert', 'double'),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 0, max: 255 }),
    ),
    { maxLength },
  )
}

export function changeBytes(bytes: Buffer, changes: readonly Change[]): Buffer {
  return changes.reduce(changed, bytes)
}

function changed(bytes: Buffer, [kind, place, byte]: Change): Buffer {
  const at = Math.floor(place * bytes.length)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  if (kind === 'set') return Buffer.concat([head, Buffer.of(byte), tail.subarray(1)])
  if (kind === 'insert') return Buffer.concat([head, Buffer.of(byte), tail])
  if (kind === 'cut') return Buffer.concat([head, tail.subarray(1 + (byte % 9))])
  return Buffer.concat([head, tail.subarray(0, 1 + (byte % 40)), tail])
}
