import { randomBytes } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { entryCipher } from '../../../../server/cluster/entry/entry-cipher.ts'
import {
  checkFollows,
  decodeEntry,
  decodeHeader,
  decodeParts,
  digestOf,
  encodeEntry,
  encodeParts,
  type Entry,
  EntryError,
  HEADER_BYTES,
  NO_ENTRY,
} from '../../../../server/cluster/entry/entry.ts'
import { cutPayload, type OpenRun, takeIntoRun } from '../../../../server/cluster/entry/run.ts'
import { type MasterKey, parseMasterKey } from '../../../../server/storage/encryption/master-key.ts'

const PARTS = [Buffer.from('one'), Buffer.alloc(0)]
const FIRST: Entry = {
  logId: 'ab'.repeat(16),
  epoch: 1,
  position: 1,
  acknowledged: 0,
  previous: NO_ENTRY,
  role: 'whole',
  payload: encodeParts(PARTS),
}

const newKey = (): MasterKey => parseMasterKey(randomBytes(32).toString('hex'))!

test('an entry comes back as it was encoded', t => {
  for (const cipher of [undefined, entryCipher({ current: newKey() })]) {
    const bytes = encodeEntry({ ...FIRST, position: 2 ** 40, acknowledged: 2 ** 40 - 1, epoch: 7 }, cipher)
    const decoded = decodeEntry(bytes, cipher)
    t.is(decoded.logId, FIRST.logId)
    t.deepEqual([decoded.epoch, decoded.position, decoded.acknowledged], [7, 2 ** 40, 2 ** 40 - 1])
    t.deepEqual(decodeParts(decoded.payload).map(String), ['one', ''])
    for (const role of ['piece', 'barrier', 'whole'] as const)
      t.is(decodeHeader(encodeEntry({ ...FIRST, role }, cipher)).role, role)
  }
})

test('an entry that is cut off, or of another version, is refused', t => {
  const bytes = encodeEntry(FIRST)
  for (let length = 0; length < bytes.length; length++) {
    const cut = (): Uint8Array[] => decodeParts(decodeEntry(bytes.subarray(0, length)).payload)
    if (length !== HEADER_BYTES && length !== HEADER_BYTES + 7) t.throws(cut, { instanceOf: EntryError })
  }
  const changed = (at: number, value: number): Uint8Array => Buffer.from(bytes).fill(value, at, at + 1)
  t.throws(() => decodeEntry(changed(0, 2)), { message: /version 2.*needs a newer/ })
  t.throws(() => decodeEntry(changed(1, 8)), { message: /version 1 \(8\).*needs a newer/ })
})

test('an encrypted entry opens at its place alone, under its key alone, and shows nothing', t => {
  const [old, key] = [newKey(), newKey()]
  const [before, cipher] = [entryCipher({ current: old }), entryCipher({ current: key, previous: old })]
  const bytes = encodeEntry({ ...FIRST, payload: Buffer.from('a secret') }, cipher)
  t.false(Buffer.from(bytes).includes('secret'))
  t.is(String(decodeEntry(bytes, cipher).payload), 'a secret')
  t.is(
    String(decodeEntry(encodeEntry({ ...FIRST, payload: Buffer.from('old') }, before), cipher).payload),
    'old',
  )
  t.throws(() => decodeEntry(bytes, before), { instanceOf: EntryError, message: /another master key/ })
  t.throws(() => decodeEntry(bytes), { message: /has no master key/ })
  t.throws(() => decodeEntry(encodeEntry(FIRST), cipher), { message: /not encrypted/ })
  for (let at = 2; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    t.throws(() => decodeEntry(changed, cipher), { instanceOf: EntryError })
  }
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

test('runs take effect whole, at their last entry; what a leader did not end is void', t => {
  const changes = fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 1, maxLength: 5 })
  const leadership = fc.array(
    fc.record({
      changes,
      isEncrypted: fc.constant(false),
      barriers: fc.nat(2),
      brokenAfter: fc.option(fc.nat(8)),
    }),
    { maxLength: 5 },
  )
  fc.assert(
    fc.property(fc.array(leadership, { maxLength: 4 }), fc.integer({ min: 300, max: 3000 }), (all, limit) => {
      const [expected, applied, entries]: [string[][], string[][], Entry[]] = [[], [], []]
      for (const [epoch, appends] of all.entries()) {
        for (const { changes, barriers, brokenAfter } of appends) {
          const pieces = cutPayload(encodeParts(changes), limit, undefined)
          const written = pieces.slice(0, brokenAfter ?? Infinity)
          for (const [index, payload] of written.entries()) {
            const role = index === pieces.length - 1 ? 'whole' : 'piece'
            entries.push({ ...FIRST, epoch, role, payload })
            for (let n = 0; n < barriers; n++)
              entries.push({ ...FIRST, epoch, role: 'barrier', payload: new Uint8Array(0) })
          }
          if (written.length === pieces.length) expected.push(changes.map(hex))
          else break
        }
      }
      let [run, epoch]: [OpenRun, number] = [[], 0]
      for (const entry of entries) {
        t.true(encodeEntry(entry).length <= limit)
        const step = takeIntoRun(run, epoch, decodeEntry(encodeEntry(entry)))
        ;[run, epoch] = [step.run, entry.epoch]
        if (step.parts.length > 0) applied.push(step.parts.map(hex))
      }
      t.deepEqual(applied, expected)
    }),
  )
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
