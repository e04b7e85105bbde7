import type { Attachments } from '../../attachments/attachments.ts'
import { withInlineData } from '../../database/documents/inline-data.ts'
import type { Connection } from './connection.ts'
import { sharedChunk } from './shared-chunk.ts'

/** Sends rows with the data of attachments in place of placeholders, a piece at a time as the reader takes them. Where it fails the row stays begun. */
export async function sendFilled(
  connection: Connection,
  rows: Uint8Array,
  attachments: Attachments,
): Promise<void> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield rows
  }
  connection.isInRow = true
  for await (const piece of withInlineData(whole(), attachments)) {
    if (connection.ended) return
    if (piece.length > 0) connection.send(sharedChunk(piece))
    if (!connection.keepsUp) await connection.drained()
  }
  connection.isInRow = false
}
