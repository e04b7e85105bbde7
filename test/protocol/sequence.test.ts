import test from 'ava'
import { randomBytes } from 'node:crypto'
import { CouchError } from '../../protocol/errors.ts'
import { formatSeq, makeSuffix, parseSeq } from '../../protocol/sequence.ts'

const OWN = makeSuffix(randomBytes(9))
const COUCHDB =
  'g1AAAABTeJzLYWBgYMxgTmEQzstPSTUxs7QwcTA0MtczAELDHKAkUyJDHgvDfyDIymBOZMwFCrGnmhqlmSQZYNeUBQA63hRl'

test('a sequence is parsed into its number and suffix, in JSON quotes too', t => {
  t.deepEqual(parseSeq(formatSeq(12, OWN), OWN), { number: 12, suffix: OWN })
  t.deepEqual(parseSeq(`"12-${OWN}"`, OWN), { number: 12, suffix: OWN })
})

test('a bare number is a sequence', t => {
  t.deepEqual(parseSeq('7', OWN), { number: 7, suffix: undefined })
  t.deepEqual(parseSeq(0, OWN), { number: 0, suffix: undefined })
})

test('a sequence of another database, or of CouchDB, is well formed', t => {
  const other = makeSuffix(randomBytes(9))
  t.is(parseSeq(`3-${other}`, OWN).suffix, other)
  t.is(parseSeq(`3-${COUCHDB}`, OWN).suffix, COUCHDB)
  t.is(parseSeq(COUCHDB, OWN).suffix, COUCHDB)
})

for (const text of ['', 'garbage', '-1', '0-abc', '3-', '3-notasequence', 'now', '1.5', '"']) {
  test(`"${text}" is no sequence`, t => {
    const error = t.throws(() => parseSeq(text, OWN), { instanceOf: CouchError })
    t.is(error.reason, "Malformed sequence supplied in 'since' parameter.")
  })
}
