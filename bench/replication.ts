import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

interface ReplicateAnswer {
  readonly ok?: boolean
  readonly history?: readonly { readonly docs_written: number }[]
}

/** One-shot replication by the server between two of its databases, both named by URL. */
export const replication: Work = {
  name: 'replication',
  unit: 'docs/s',
  ceiling: 'bulk-insert',
  wanted: 0.5,
  measure: async target => {
    const filled = await target.filled()
    const source = `${target.url}/${filled}`
    const to = `${target.url}/${await target.database()}`
    return target.withClient(1, async client => {
      // Other works may have left documents there.
      const { doc_count } = await client.json<{ doc_count: number }>('GET', `/${filled}`, 200)
      return rateOf(doc_count, async () => {
        const job = JSON.stringify({ source, target: to })
        const answer = await client.json<ReplicateAnswer>('POST', '/_replicate', 200, job)
        const written = answer.history?.[0]?.docs_written
        if (written !== doc_count) throw new Error(`_replicate wrote ${written ?? 'no'} documents`)
      })
    })
  },
}
