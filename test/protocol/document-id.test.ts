import test from 'ava'
import { parseDocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'

const refused: [id: unknown, reason: string][] = [
  ['', 'Document id must not be empty'],
  [5, 'Document id must be a string'],
  [null, 'Document id must be a string'],
  ['_design/', 'Illegal document id `_design/`'],
  ['_local/', 'Illegal document id `_local/`'],
  ['_foo', 'Only reserved document ids may start with underscore.'],
  ['_design', 'Only reserved document ids may start with underscore.'],
  ['\ud800', 'Document id must be valid UTF-8'],
]
for (const [id, reason] of refused) {
  test(`${JSON.stringify(id)} is refused`, t => {
    t.throws(() => parseDocId(id), { instanceOf: CouchError, message: `illegal_docid: ${reason}` })
  })
}

test('any other text is an id', t => {
  for (const id of ['a', 'a_b', '_design/x', '_local/_x', 'has\0nul', 'ünï/😀', 'x'.repeat(9000)])
    t.is<string, string>(parseDocId(id), id)
})

test('the length of an id is counted in bytes', t => {
  t.is<string, string>(parseDocId('üü', 4), 'üü')
  t.throws(() => parseDocId('üüü', 4), { message: 'illegal_docid: Document id is too long' })
})
