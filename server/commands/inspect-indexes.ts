import { isJsonObject } from '../../protocol/json-value.ts'
import { storedDesignDocuments, type StoredDatabase } from '../database/inspect.ts'
import { storedIndexes } from '../database/indexes/stored-indexes.ts'
import { indexDefinition } from '../query/views/definition.ts'
import type { IndexState } from '../query/views/index/index-state.ts'
import type { Store } from '../storage/store.ts'

/** An index as it is stored. */
export interface IndexInspection {
  /** 32 hex digits; 12 where the state is damaged. */
  readonly signature: string
  /** Number of the last change that is in it; undefined where the state is damaged. */
  readonly seq: number | undefined
  /** The number of rows of each view. */
  readonly rows: readonly number[]
  /** Ids of the design documents whose index it is; empty where it is left over. */
  readonly designs: readonly string[]
}

/** Reads the states of a database's indexes, in the order of their signatures. */
export async function inspectIndexes(
  store: Store,
  database: StoredDatabase,
): Promise<readonly IndexInspection[]> {
  const signatures = await signaturesOf(store, database)
  const found: IndexInspection[] = []
  for await (const { prefix, state } of storedIndexes(store, database.record.number)) {
    const designs = [...signatures].filter(([, own]) => own.startsWith(prefix)).map(([id]) => id)
    if (state === undefined) found.push({ signature: prefix, seq: undefined, rows: [], designs })
    else {
      const { signature, seq, rows } = JSON.parse(Buffer.from(state).toString()) as IndexState
      found.push({ signature, seq, rows, designs })
    }
  }
  return found
}

/** Returns the signatures of the indexes of a database's design documents, by the ids of those. */
async function signaturesOf(store: Store, database: StoredDatabase): Promise<ReadonlyMap<string, string>> {
  const signatures = new Map<string, string>()
  for await (const { id, body } of storedDesignDocuments(store, database)) {
    const value: unknown = JSON.parse(Buffer.from(body).toString())
    if (isJsonObject(value))
      signatures.set(id, indexDefinition({ value }, database.record.partitioned).signature)
  }
  return signatures
}
