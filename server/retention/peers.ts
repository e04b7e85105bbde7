import type { DocId } from '../../protocol/document-id.ts'
import type { Database } from '../database/database.ts'
import { listLocalDocuments } from '../database/documents/local-documents.ts'
import { sequenceNumber } from '../database/source-sequences.ts'

/** A reader of a database that keeps a checkpoint in it: the target of a replication. */
export interface Peer {
  /** The `_local` document that holds its checkpoint. */
  readonly id: DocId
  /** Number of the sequence up to which it has seen the database. */
  readonly seq: number
}

const DOCUMENTS_AT_A_TIME = 200
const PREFIX = '_local/'

/** Reads the peers of a database: its `_local` documents that hold a sequence which this database gave out. */
export async function peersOf(database: Database, signal: AbortSignal): Promise<Peer[]> {
  const peers: Peer[] = []
  let after: string | undefined
  for (;;) {
    const options = { limit: DOCUMENTS_AT_A_TIME, ...(after === undefined ? {} : { after }) }
    const page = await listLocalDocuments(database, PREFIX, options)
    signal.throwIfAborted()
    for (const { id, body } of page) {
      const seq = seenSeq(database, body)
      if (seq !== undefined) peers.push({ id, seq })
    }
    if (page.length === 0) return peers
    after = page.at(-1)?.id
  }
}

/**
 * Returns how far the reader of a checkpoint has come; undefined for what is no checkpoint of a reader of this database. The
 * target of a replication has checkpoints, too, with the sequences of its sources.
 */
function seenSeq(database: Database, body: Uint8Array): number | undefined {
  const { source_last_seq: ofCouchDB, last_seq: ofPouchDB } = membersOf(body)
  const seq = ofCouchDB ?? ofPouchDB
  // A number may be any database's: those of PouchDB count so.
  if (typeof seq !== 'string') return undefined
  try {
    const number = sequenceNumber(database, seq, database.state.seq)
    if (number !== undefined) return /^\d+$/.test(seq) ? undefined : number
    // A sequence of this database's future: its reader begins again.
    return seq.endsWith(`-${database.record.instance}`) ? 0 : undefined
  } catch {
    return undefined
  }
}

function membersOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(Buffer.from(body).toString())
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
}
