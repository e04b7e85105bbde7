import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { isLiveRecord } from '../documents/document-record.ts'
import { STORAGE } from '../storage-of.ts'

const RECORDS_AT_A_TIME = 1000

/**
 * Counts the documents and changes of a database and compares them with what its state says.
 *
 * @returns undefined where they agree, else how they differ, as a phrase
 */
export async function countDifference(database: Database): Promise<string | undefined> {
  const snapshot = database.snapshot()
  try {
    const { docs, deletedDocs, seq } = snapshot.state
    let live = 0
    let all = 0
    const count = async (
      space: typeof KeySpace.document | typeof KeySpace.change,
      visit: (record: Uint8Array) => void,
    ) => {
      const iterator = snapshot.iterator(database[STORAGE].keys.range(space))
      try {
        for (;;) {
          const entries = await iterator.nextv(RECORDS_AT_A_TIME)
          if (entries.length === 0) return
          for (const [, record] of entries) visit(record)
        }
      } finally {
        await iterator.close()
      }
    }
    await count(KeySpace.document, record => {
      all += 1
      if (isLiveRecord(record)) live += 1
    })
    let changes = 0
    await count(KeySpace.change, () => (changes += 1))
    if (live !== docs) return `it counts ${docs} documents and holds ${live}`
    if (all - live !== deletedDocs)
      return `it counts ${deletedDocs} deleted documents and holds ${all - live}`
    if (changes !== all) return `its feed has ${changes} changes for ${all} documents`
    return changes > seq ? `its feed has ${changes} changes, and its update sequence is ${seq}` : undefined
  } finally {
    await snapshot.close()
  }
}
