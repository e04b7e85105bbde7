import { DatabaseKeys, PREFIX_LENGTH, KeySpace } from '../../storage/keys.ts'
import { readUnlessDamaged } from '../../storage/encryption/damaged.ts'
import type { Store } from '../../storage/store.ts'
import { SIGNATURE_BYTES } from './index-store.ts'

/** An index in a store that no server has open. */
export interface StoredIndex {
  /** The first bytes of its signature, in hex. */
  readonly prefix: string
  /** Its state record, encoded; undefined where that is damaged. */
  readonly state: Uint8Array | undefined
}

/** Finds the indexes of a database, in the order of their signatures. */
export async function* storedIndexes(store: Store, database: number): AsyncGenerator<StoredIndex> {
  const keys = new DatabaseKeys(database)
  const { lt } = keys.range(KeySpace.index)
  for (let gte: Uint8Array = keys.range(KeySpace.index).gte; ;) {
    const [key] = await store.keys({ gte, lt, limit: 1 }).all()
    if (key === undefined) return
    const signature = key.subarray(PREFIX_LENGTH, PREFIX_LENGTH + SIGNATURE_BYTES)
    // The state comes first of an index; one that is being dropped has none any more.
    if (key.length === PREFIX_LENGTH + SIGNATURE_BYTES + 1 && key.at(-1) === 0) {
      const state = await readUnlessDamaged(() => store.get(key))
      yield { prefix: Buffer.from(signature).toString('hex'), state }
    }
    gte = Buffer.concat([key.subarray(0, PREFIX_LENGTH + SIGNATURE_BYTES), Buffer.of(0xff)])
  }
}
