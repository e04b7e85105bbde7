import { BEFORE_SEQ, rowStart, seqEnd } from '../../database/documents/change-record.ts'
import type { RowRenderer, RowOutput } from './row-renderer.ts'
import { idOfRow } from '../../database/reading/row-text.ts'

const EVENT = /^(created|updated|deleted):(.+)$/s
const END = Buffer.from('}')

/** The rows of `_db_updates`: changes of `_global_changes`, whose documents are named after an event and a database. */
export class DbUpdatesRows implements RowRenderer {
  readonly key = 'db_updates'
  readonly pageSize = 500
  readonly mayFail = false

  render(records: readonly Uint8Array[], out: RowOutput): number {
    const { buffer, framing } = out
    let done = 0
    for (const record of records) {
      if (out.left === 0) break
      done += 1
      const [, type, name] = EVENT.exec(idOfRow(record)) ?? []
      if (type === undefined) continue
      const start = rowStart(record, false)
      framing.open(buffer, out.count)
      buffer.text(`{"db_name":${JSON.stringify(name)},"type":"${type}","seq":`)
      buffer.copy(record, start + BEFORE_SEQ, start + seqEnd(record))
      buffer.bytes(END)
      framing.close(buffer, record, true)
      out.count += 1
      out.left -= 1
    }
    return done
  }
}
