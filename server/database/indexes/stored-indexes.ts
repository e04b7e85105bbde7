import { DatabaseKeys, PREFIX_LENGTH, KeySpace } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { SIGNATURE_BYTES } from './index-store.ts'

/** Reads the state record of each index of a database, encoded, in the order of their signatures. */
export async function* storedIndexStates(store: Store, database: number): AsyncGenerator<Uint8Array> {
  const keys = new DatabaseKeys(database)
  const { lt } = keys.range(KeySpace.index)
  for (let gte: Uint8Array = keys.range(KeySpace.index).gte; ;) {
    const [first] = await store.iterator({ gte, lt, limit: 1 }).all()
    if (first === undefined) return
    const [key, value] = first
    // The state comes first of an index; one that is being dropped has none any more.
    if (key.length === PREFIX_LENGTH + SIGNATURE_BYTES + 1 && key.at(-1) === 0) yield value
    gte = Buffer.concat([key.subarray(0, PREFIX_LENGTH + SIGNATURE_BYTES), Buffer.of(0xff)])
  }
}
