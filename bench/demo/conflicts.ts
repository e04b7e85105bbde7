import type { Client } from '../../harness/client.ts'

export interface Rivals {
  readonly north: Client
  readonly south: Client
  readonly database: string
  /** Documents that both nodes have, with the revision that both edit. */
  readonly documents: Iterable<readonly [id: string, rev: string]>
}

/**
 * Edits documents on both nodes at the same time, from the same revision.
 *
 * @returns the ids of the documents of which both accepted an edit: a node that has seen the other's already refuses
 */
export async function makeConflicts({ north, south, database, documents }: Rivals): Promise<string[]> {
  const made: string[] = []
  for (const [id, rev] of documents) {
    const edit = (client: Client, seen: string) =>
      client.send('PUT', `/${database}/${id}`, JSON.stringify({ _rev: rev, seen }))
    const answers = await Promise.all([edit(north, 'in the north'), edit(south, 'in the south')])
    if (answers.every(({ status }) => status === 201)) made.push(id)
  }
  return made
}
