import type { Copies, Quorum } from '../../mesh/quorum.ts'
import type { StoreThread } from './store-thread.ts'

/** Returns what has the store thread take writes to other members of the mesh. */
export function askedQuorum(store: StoreThread): Quorum['write'] {
  return async ({ name, record }, written, wanted) => {
    const database = { name, number: record.number }
    return (await store.ask({ kind: 'reach_quorum', database, written, wanted })) as Copies
  }
}
