import { inParallel } from '../harness/client.ts'
import { benchDocument, numbers } from './documents.ts'
import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

const CLIENTS = 64

/** Durable PUTs of single new documents by 64 clients. */
export const puts: Work = {
  name: 'puts',
  unit: 'requests/s',
  ceiling: 'node:http',
  wanted: 0.6,
  measure: async target => {
    const name = await target.database()
    const count = Math.ceil(target.documents / 2)
    const documents = [...numbers(0, count)].map(benchDocument)
    return target.withClient(CLIENTS, client =>
      rateOf(count, () =>
        inParallel(CLIENTS, documents, async ({ _id, ...body }) => {
          const { status } = await client.send('PUT', `/${name}/${_id}`, JSON.stringify(body))
          if (status !== 201) throw new Error(`PUT of ${_id}: ${status}`)
        }),
      ),
    )
  },
}
