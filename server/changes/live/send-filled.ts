import type { Attachments } from '../../attachments/attachments.ts'
import { filled } from '../../database/documents/inline-data.ts'
import type { UnfilledJson } from '../../database/documents/unfilled-json.ts'
import type { Connection } from './connection.ts'
import { sharedChunk } from './shared-chunk.ts'

/** Sends rows with the data of their attachments, a piece at a time as the reader takes them. Where it fails the row stays begun. */
export async function sendFilled(
  connection: Connection,
  rows: UnfilledJson,
  attachments: Attachments,
): Promise<void> {
  connection.isInRow = true
  for await (const piece of filled(rows, attachments)) {
    if (connection.ended) return
    if (piece.length > 0) connection.send(sharedChunk(piece))
    if (!connection.keepsUp) await connection.drained()
  }
  connection.isInRow = false
}
