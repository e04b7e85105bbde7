import test from 'ava'
import { areas, scenariosOf } from '../helpers/replay/scenario.ts'
import { notYet } from './not-yet.ts'
import { replayArea, SHARED_URL } from './replay-area.ts'

const SHOWN_DIFFERENCES = 3
/** A scenario that waits in vain for a state gives up after half a minute. */
const TIMEOUT_MS = 8 * 60_000
const listed = notYet()

/** Areas have a server each, unless they are to share a given one. */
const areaTest = SHARED_URL === undefined ? test : test.serial

for (const area of areas()) {
  areaTest(`P1: ${area} answers as CouchDB 3.5.0, but for the scenarios listed in not-yet.txt`, async t => {
    t.timeout(TIMEOUT_MS)
    const verdicts = await replayArea(area, { stopAtFirst: true })
    const passing = verdicts.filter(({ differences }) => differences.length === 0).map(({ name }) => name)
    const failing = verdicts.filter(({ differences }) => differences.length > 0)
    t.log(`${passing.length} passed, ${failing.length} failed`)
    const unexpected = failing.filter(({ name }) => !listed.has(name))
    t.deepEqual(
      unexpected.map(({ name, differences }) => ({
        name,
        differences: differences.slice(0, SHOWN_DIFFERENCES),
      })),
      [],
      'scenarios that are not on the list fail',
    )
    t.deepEqual(
      passing.filter(name => listed.has(name)),
      [],
      'scenarios on the list pass: take them off with `npm run transcripts -- --update`',
    )
  })
}

test('not-yet.txt lists scenarios that exist', t => {
  const known = new Set(areas().flatMap(area => scenariosOf(area).map(({ name }) => name)))
  t.deepEqual(
    [...listed].filter(name => !known.has(name)),
    [],
  )
})
