import type { Database } from '../database/database.ts'

/** Counts the documents whose latest change has a higher sequence number than `seq`. */
export async function changesBehind(database: Database, seq: number): Promise<number> {
  const { state } = database
  if (seq >= state.seq) return 0
  if (seq <= 0) return state.docs + state.deletedDocs
  const { before, snapshot } = await database.ranks.changesBefore(seq + 1)
  const { docs, deletedDocs } = snapshot.state
  await snapshot.close()
  return docs + deletedDocs - before
}

/** Counts the documents whose latest change has a lower sequence number than `seq`. */
export async function changesBefore(database: Database, seq: number): Promise<number> {
  if (seq <= 1) return 0
  const { before, snapshot } = await database.ranks.changesBefore(seq)
  await snapshot.close()
  return before
}
