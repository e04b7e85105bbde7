import { inParallel } from '../harness/client.ts'
import { documentId, numbers } from './documents.ts'
import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

const CLIENTS = 64
/** Prime to the number of documents, so that stepping by it reads each of them once, far from the last. */
const STRIDE = 7_919

/** GETs of single documents, in no order, by 64 clients. */
export const gets: Work = {
  name: 'gets',
  unit: 'requests/s',
  ceiling: 'node:http',
  wanted: 0.7,
  measure: async target => {
    const name = await target.filled()
    const ids = [...numbers(0, target.documents)].map(number =>
      documentId((number * STRIDE) % target.documents),
    )
    return target.withClient(CLIENTS, client =>
      rateOf(ids.length, () =>
        inParallel(CLIENTS, ids, async id => {
          const { status } = await client.send('GET', `/${name}/${id}`)
          if (status !== 200) throw new Error(`GET of ${id}: ${status}`)
        }),
      ),
    )
  },
}
