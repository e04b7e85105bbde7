import test from 'ava'
import fc from 'fast-check'
import { DamagedValueError } from '../../../../server/storage/encryption/damaged.ts'
import { Encryption } from '../../../../server/storage/encryption/encryption.ts'
import {
  CHUNK_BYTES,
  ChunkSealer,
  chunksOf,
  openChunk,
} from '../../../../server/storage/encryption/file-cipher.ts'

const DATA_KEY = Buffer.alloc(32, 7)
const HEAD_BYTES = 19
const here = Buffer.from('here')

test('what was sealed opens where it was sealed for, in this run and in the next', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 40 }), (value, address) => {
      const encryption = new Encryption(DATA_KEY)
      const sealed = encryption.seal(address, value)
      const later = new Encryption(DATA_KEY)
      later.seal(address, value)
      return [encryption, later].every(each => Buffer.from(each.open(address, sealed)).equals(value))
    }),
  )
  t.pass()
})

test('a sealed value does not open under another key, nor at another place', t => {
  const sealed = new Encryption(DATA_KEY).seal(here, Buffer.from('secret'))
  t.throws(() => new Encryption(Buffer.alloc(32, 8)).open(here, sealed), { instanceOf: DamagedValueError })
  t.throws(() => new Encryption(DATA_KEY).open(Buffer.from('there'), sealed), {
    instanceOf: DamagedValueError,
  })
})

test('a change of any byte is seen, and so is a missing end', t => {
  const encryption = new Encryption(DATA_KEY)
  const sealed = encryption.seal(here, Buffer.from('{"some":"document"}'))
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    t.throws(() => encryption.open(here, changed), { instanceOf: DamagedValueError }, `byte ${at}`)
    t.throws(() => encryption.open(here, sealed.subarray(0, at)), { instanceOf: DamagedValueError })
  }
})

test('no two values have the same key and nonce, whichever run sealed them', t => {
  const heads = new Set<string>()
  for (let run = 0; run < 20; run++) {
    const encryption = new Encryption(DATA_KEY)
    for (let n = 0; n < 50; n++) {
      heads.add(Buffer.from(encryption.seal(here, here).subarray(0, HEAD_BYTES)).toString('hex'))
    }
  }
  t.is(heads.size, 20 * 50)
})

test('files have keys of their own, found again by their salt', t => {
  const encryption = new Encryption(DATA_KEY)
  const [one, other] = [encryption.newFileKey(), encryption.newFileKey()]
  t.notDeepEqual(one.key, other.key)
  t.deepEqual(new Encryption(DATA_KEY).fileKey(one.salt), one)
})

test('a file is sealed in chunks that open one by one, in their places only', t => {
  const key = new Encryption(DATA_KEY).newFileKey()
  for (const length of [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]) {
    const plain = Buffer.alloc(length, 'content ')
    const sealer = new ChunkSealer(key)
    const pieces: Uint8Array[] = []
    for (let at = 0; at < length; at += 50_000) pieces.push(...sealer.push(plain.subarray(at, at + 50_000)))
    const file = Buffer.concat([...pieces, ...sealer.end()])
    const chunks = chunksOf(0, length, length)
    const cut = (number: number): Buffer => {
      const chunk = chunks[number]
      return chunk === undefined
        ? Buffer.alloc(0)
        : file.subarray(chunk.position, chunk.position + chunk.size)
    }
    t.is(file.length, length + 16 * chunks.length)
    t.deepEqual(Buffer.concat(chunks.map(({ number }) => openChunk(key, number, cut(number)))), plain)
    t.throws(() => openChunk(key, 1, cut(0)), { instanceOf: DamagedValueError })
    t.throws(() => openChunk(key, 0, cut(0).subarray(1)), { instanceOf: DamagedValueError })
  }
})
