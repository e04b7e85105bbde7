import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../harness/client.ts'
import type { Target } from './target.ts'
import type { Work } from './work.ts'

const PER_REQUEST = 500
const POLL_MS = 20

/** Conflicts of two leaves that a policy resolves, each in one commit with a child of the winner and a tombstone. */
export const conflictResolve: Work = {
  name: 'conflict-resolve',
  unit: 'docs/s',
  ceiling: 'bulk-insert',
  wanted: 0.1,
  measure: async target => {
    const name = await target.database()
    const count = Math.ceil(target.documents / 10)
    return target.withClient(1, async client => {
      for (let start = 0; start < count; start += PER_REQUEST) {
        await client.json(
          'POST',
          `/${name}/_bulk_docs`,
          201,
          conflicting(start, Math.min(count, start + PER_REQUEST)),
        )
      }
      if ((await conflictsOf(client, name)) !== count) throw new Error('not all documents are in conflict')
      const started = performance.now()
      const policy = Buffer.from('{"conflicts":[{"policy":"merge","default":"max"}]}')
      await client.json('PUT', `/${name}/_design/policy`, 201, policy)
      while ((await conflictsOf(client, name)) > 0) await sleep(POLL_MS)
      return count / ((performance.now() - started) / 1000)
    })
  },
}

function conflicting(from: number, to: number): Buffer {
  const docs = Array.from({ length: to - from }, (_, index) =>
    ['a', 'b'].map(digit => ({
      _id: `doc-${from + index}`,
      _rev: `1-${digit.repeat(32)}`,
      n: from + index,
      [digit]: true,
    })),
  )
  return Buffer.from(JSON.stringify({ new_edits: false, docs: docs.flat() }))
}

async function conflictsOf(client: Client, name: string): Promise<number> {
  const { total_rows: total } = await client.json<{ total_rows: number }>(
    'GET',
    `/${name}/_conflicts?limit=0`,
    200,
  )
  return total
}

/** Comparison of two databases that agree: rows are the documents of one of them. */
export const compareEqual: Work = {
  name: 'compare-equal',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.1,
  measure: async target => {
    const [source, copy] = [await target.filled(), await copyOf(target)]
    return target.withClient(1, async client => {
      const started = performance.now()
      const body = Buffer.from(JSON.stringify({ source, target: copy }))
      const { summary } = await client.json<{ summary: { equal: boolean } }>('POST', '/_compare', 200, body)
      if (!summary.equal) throw new Error('the databases differ')
      return target.documents / ((performance.now() - started) / 1000)
    })
  },
}

async function copyOf(target: Target): Promise<string> {
  const [source, copy] = [await target.filled(), await target.database()]
  await target.withClient(1, client =>
    client.json('POST', '/_replicate', 200, Buffer.from(JSON.stringify({ source, target: copy }))),
  )
  return copy
}
