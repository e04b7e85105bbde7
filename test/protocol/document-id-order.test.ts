import test from 'ava'
import fc from 'fast-check'
import { compareDocIds } from '../../protocol/document-id.ts'

test('ids are ordered by their UTF-8 bytes', t => {
  const unit = fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}')
  const id = fc.string({ unit, maxLength: 4 })
  fc.assert(
    fc.property(id, id, (a, b) => {
      t.is(Math.sign(compareDocIds(a, b)), Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
    }),
  )
})
