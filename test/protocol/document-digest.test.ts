import test from 'ava'
import {
  addDigests,
  decodeDigests,
  documentDigest,
  encodeDigests,
  formatDigest,
  NO_DOCUMENTS,
  parseDigest,
  subtractDigest,
} from '../../protocol/document-digest.ts'
import { murmur3 } from '../../protocol/murmur3.ts'

/** Made by the library mmh3 for Python from the texts as UTF-16LE: the bytes of the hash, words least byte first. */
const VECTORS = {
  '': '00000000000000000000000000000000',
  a: '96b13b03e14fefcce14fefcce14fefcc',
  'doc-1': 'eb98a111c76c051384de321c69fe217b',
  'I will not buy this record': '4daffe9a5d636c95dc45d1a8ebcdcd6e',
  'order-7\x003-917fa2381192822767f010b95b45325b\x00': 'b77b654fc11412a9c1b5670b846a79e8',
  'ü😀': '980148fe1f478dc2b873c3beb873c3be',
  '12345678': 'f2c13f084ffa82e1074946bd7addfdc7',
  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: '4962d35b64ec121b04632f69899ddc2f',
} as const

test('the hash is MurmurHash3_x86_128 of the text as UTF-16LE', t => {
  for (const [text, expected] of Object.entries(VECTORS)) {
    const bytes = Buffer.alloc(16)
    for (const [index, word] of murmur3(text).entries()) bytes.writeInt32LE(word, index * 4)
    t.is(bytes.toString('hex'), expected, text)
  }
})

test("a document's digest depends on its id, its leaves and which of them are deleted, not on their order", t => {
  const a = { rev: '1-a', deleted: false }
  const b = { rev: '2-b', deleted: true }
  const digest = formatDigest(documentDigest('doc', [a, b]))
  t.is(formatDigest(documentDigest('doc', [b, a])), digest)
  for (const [id, leaves] of [
    ['doc2', [a, b]],
    ['doc', [a]],
    ['doc', [a, { ...b, deleted: false }]],
    ['doc', [{ ...a, rev: '1-c' }, b]],
  ] as const) {
    t.not(formatDigest(documentDigest(id, leaves)), digest)
  }
})

test('digests add up, whatever the order, and what is subtracted is gone', t => {
  const [a, b, c] = ['a', 'b', 'c'].map(id => documentDigest(id, [{ rev: '1-x', deleted: false }]))
  const sum = addDigests(addDigests(a, b), c)!
  t.deepEqual(addDigests(addDigests(c, b), a), sum)
  t.deepEqual(subtractDigest(subtractDigest(subtractDigest(sum, b!), c!), a!), NO_DOCUMENTS)
  t.is(addDigests(a, undefined), undefined)
  t.deepEqual(parseDigest(formatDigest(sum)), sum)
  t.is(parseDigest('xyz'), undefined)
  t.deepEqual(decodeDigests(encodeDigests([a!, sum])), [a, sum])
})
