import test from 'ava'
import { fail } from '../../../protocol/errors.ts'
import { parseDocument } from '../../../protocol/document/parse.ts'
import { newRevId } from '../../../protocol/revision-id.ts'
import { asDocId } from '../../../protocol/document-id.ts'
import {
  packDocuments,
  packOutcomes,
  unpackDocuments,
  unpackOutcomes,
} from '../../../server/threads/packed-documents.ts'

const TEXTS = [
  '{"_id":"a","x":1}',
  '{"_id":"b","_rev":"1-ab","_deleted":true}',
  '{"_id":"c","_revisions":{"start":2,"ids":["b","a"]},"x":"ü"}',
  '{"_id":"d","_attachments":{"f":{"data":"aGVsbG8="},"s":{"stub":true,"revpos":1}}}',
]

const documents = TEXTS.map(text => {
  const input = parseDocument(Buffer.from(text), { term: true })
  return { id: asDocId(input.id!), input }
})

test('documents are the same when they have crossed to another thread', t => {
  const packed = packDocuments(documents, () => false)
  const crossed = structuredClone(packed, { transfer: [packed.bytes] })
  const unpacked = unpackDocuments(crossed)
  // Of what depends on nothing else the id of the new revision is there, instead of the term that it is made of.
  const hashed = documents.map(({ id, input }, at) => {
    const isHashed = at < 2
    const { deleted, rev, term } = input
    const newRev = isHashed
      ? newRevId({ deleted, parent: rev, body: term ?? Buffer.alloc(0), attachments: [] })
      : undefined
    return { id, input: { ...input, term: isHashed ? undefined : term }, newRev }
  })
  t.deepEqual(unpacked, hashed)
})

test('of revisions that are taken as they are nothing is hashed', t => {
  const [first] = unpackDocuments(packDocuments(documents, () => true))
  t.is(first?.newRev, undefined)
  t.is(first?.input.term, undefined)
})

test('outcomes are the same when they have crossed to another thread', t => {
  const outcomes = documents.map(({ id }, at) =>
    at % 2 === 0 ? { id, rev: '1-ab' as never } : { id, error: fail('conflict') },
  )
  const crossed = structuredClone(packOutcomes(outcomes))
  t.deepEqual(unpackOutcomes(documents, crossed), outcomes)
})
