import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { KeySpace, textOfKey } from '../../storage/keys.ts'
import { DocumentSummary } from '../documents/document-record.ts'
import { STORAGE } from '../storage-of.ts'
import type { DatabaseReader } from './database-reader.ts'

const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

/** Documents in the order of their ids; a bound that is not given is the first document, or the last. */
export interface ScanRange {
  readonly from?: string | undefined
  /** The last id, included. */
  readonly upTo?: string | undefined
  /** The first id behind the range. */
  readonly before?: string | undefined
  readonly reverse: boolean
  /** Goes on behind this id, as UTF-8, in the direction of the scan. */
  readonly after?: Uint8Array | undefined
}

export interface ScannedDocument {
  readonly id: DocId
  readonly summary: DocumentSummary
}

export interface DocumentScan {
  /** Returns the next documents, deleted ones too, as many or fewer; none at the end. */
  next(count: number): Promise<ScannedDocument[]>
  close(): Promise<void>
}

/** Reads a range of documents in batches. To be closed. */
export function scanDocuments(database: DatabaseReader, range: ScanRange): DocumentScan {
  const { store, keys } = database[STORAGE]
  const all = keys.range(KeySpace.document)
  const { from, upTo, before, reverse, after } = range
  const key = (id: string): Uint8Array => keys.text(KeySpace.document, id)
  let gte: Uint8Array = from === undefined ? all.gte : key(from)
  let lt: Uint8Array = upTo !== undefined ? successor(key(upTo)) : before !== undefined ? key(before) : all.lt
  if (after !== undefined) {
    const last = keys.bytes(KeySpace.document, after)
    if (reverse) lt = last
    else gte = successor(last)
  }
  const iterator = store.iterator({ gte, lt, reverse, ...READ_AHEAD })
  return {
    next: async count => {
      const entries = await iterator.nextv(count)
      return entries.map(([key, record]) => ({
        id: asDocId(textOfKey(key)),
        summary: new DocumentSummary(record),
      }))
    },
    close: () => iterator.close(),
  }
}

/** Returns the key that follows a key. */
function successor(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Uint8Array.of(0)])
}
