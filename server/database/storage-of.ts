import type { DatabaseKeys } from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'

/**
 * The member of a database that is its store. Only the files of this folder name it: everybody else asks the database
 * (test/layout.test.ts).
 */
export const STORAGE: unique symbol = Symbol('storage')

/** The store that a database lies in, and its keys there. */
export interface DatabaseStorage {
  readonly store: Store
  readonly keys: DatabaseKeys
}
