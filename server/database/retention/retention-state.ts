import { KeySpace } from '../../storage/keys.ts'
import type { StoreBatch } from '../../storage/store.ts'
import { STORAGE, type DatabaseStorage } from '../storage-of.ts'

/** Moment at which a database had reached a sequence: every change up to it is at least as old. */
export type AgeMark = readonly [ms: number, seq: number]

/**
 * Progress of a database's retention, as it is stored: of this node alone, written behind commits, and nothing is wrong if
 * the last of it is lost.
 */
export interface RetentionState {
  /** Ascending. */
  readonly marks: readonly AgeMark[]
  /** Tombstones up to this sequence were purged. */
  readonly purgedSeq: number
  /** Index of expiries: the field that it is of, and the sequence up to which it has the documents. */
  readonly field?: string
  readonly indexedSeq: number
}

/** A database, or a part of one. */
interface Stored {
  readonly [STORAGE]: DatabaseStorage
}

const NEW: RetentionState = { marks: [], purgedSeq: 0, indexedSeq: 0 }

export async function readRetentionState({ [STORAGE]: { store, keys } }: Stored): Promise<RetentionState> {
  const bytes = await store.get(stateKey(keys))
  if (bytes === undefined) return NEW
  return { ...NEW, ...(JSON.parse(Buffer.from(bytes).toString()) as Partial<RetentionState>) }
}

/** Changes some members of the state. Call it for one change after the other. */
export async function saveRetentionState(database: Stored, change: Partial<RetentionState>): Promise<void> {
  const state = await readRetentionState(database)
  const batch = database[STORAGE].store.batch()
  putRetentionState(batch, database, { ...state, ...change })
  await batch.write()
}

export function putRetentionState(
  batch: StoreBatch,
  { [STORAGE]: { keys } }: Stored,
  state: RetentionState,
): void {
  batch.put(stateKey(keys), Buffer.from(JSON.stringify(state)))
}

function stateKey(keys: DatabaseStorage['keys']): Uint8Array {
  return keys.bytes(KeySpace.retention, Uint8Array.of(0))
}
