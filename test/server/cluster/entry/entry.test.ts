import test from 'ava'
import {
  checkFollows,
  decodeEntry,
  digestOf,
  encodeEntry,
  EntryError,
  NO_ENTRY,
} from '../../../../server/cluster/entry/entry.ts'

const ID = 'ab'.repeat(16)
const FIRST = {
  logId: ID,
  epoch: 1,
  position: 1,
  previous: NO_ENTRY,
  parts: [Buffer.from('one'), Buffer.alloc(0)],
}

test('an entry comes back as it was encoded', t => {
  const decoded = decodeEntry(encodeEntry(FIRST))
  t.is(decoded.logId, ID)
  t.deepEqual([decoded.epoch, decoded.position], [1, 1])
  t.deepEqual(decoded.parts.map(String), ['one', ''])
})

test('an entry that is cut off, longer, or of another version is refused', t => {
  const bytes = encodeEntry(FIRST)
  for (let length = 0; length < bytes.length; length++)
    t.throws(() => decodeEntry(bytes.subarray(0, length)), { instanceOf: EntryError })
  t.throws(() => decodeEntry(Buffer.concat([bytes, Buffer.alloc(1)])), { instanceOf: EntryError })
  t.throws(() => decodeEntry(Uint8Array.of(2, ...bytes.subarray(1))), { message: /version 2.*needs a newer/ })
})

test('a log that was exchanged, forked or set back is noticed at the next entry', t => {
  const last = { ...FIRST, digest: digestOf(encodeEntry(FIRST)) }
  const next = { ...FIRST, position: 2, previous: last.digest }
  t.notThrows(() => checkFollows(next, last))
  t.throws(() => checkFollows({ ...next, logId: 'cd'.repeat(16) }, last), { message: /another one/ })
  t.throws(() => checkFollows({ ...next, position: 3 }, last), { message: /position 3 where 2/ })
  t.throws(() => checkFollows({ ...next, previous: NO_ENTRY }, last), { message: /forked/ })
  t.throws(() => checkFollows({ ...next, epoch: 0 }, last), { message: /epoch 0/ })
})
