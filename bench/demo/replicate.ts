import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../harness/client.ts'

interface ReplicateAnswer {
  readonly history?: readonly { readonly docs_written: number; readonly doc_write_failures: number }[]
  readonly no_changes?: true
}

/** A replication by URLs that the client's node carries out. */
export interface Job {
  readonly source: string
  readonly target: string
}

/** Starts a continuous replication; the function that comes back cancels it. */
export async function replicateOn(client: Client, job: Job): Promise<() => Promise<void>> {
  const continuous = { ...job, continuous: true }
  await client.json('POST', '/_replicate', 202, JSON.stringify(continuous))
  return async () => {
    await client.json('POST', '/_replicate', 200, JSON.stringify({ ...continuous, cancel: true }))
  }
}

/** Replicates once, and gives how many revisions were written. */
export async function replicateOnce(client: Client, job: Job): Promise<number> {
  const { history, no_changes } = await client.json<ReplicateAnswer>(
    'POST',
    '/_replicate',
    200,
    JSON.stringify(job),
  )
  if (no_changes) return 0
  const [session, resumed] = history ?? []
  if (session === undefined || session.doc_write_failures > 0) {
    throw new Error(`replication of ${job.source}: ${session?.doc_write_failures ?? 'no'} failures`)
  }
  // A session goes on with the counts of the one that it resumes.
  return session.docs_written - (resumed?.docs_written ?? 0)
}

/** Waits until a database holds so many documents. */
export async function untilFilled(
  client: Client,
  database: string,
  { documents, withinMs, onCount }: { documents: number; withinMs: number; onCount: (count: number) => void },
): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const { status, body } = await client.send('GET', `/${database}`)
    const count = status === 200 ? (JSON.parse(body.toString()) as { doc_count: number }).doc_count : 0
    onCount(count)
    if (count >= documents) return
    if (Date.now() > deadline)
      throw new Error(`${count} of ${documents} documents came within ${withinMs} ms`)
    await sleep(100)
  }
}
