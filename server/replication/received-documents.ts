import type { DocumentInput, DocumentLimits } from '../../protocol/document/document-input.ts'
import { parseReplicated } from '../../protocol/document/parse.ts'
import { CouchError } from '../../protocol/errors.ts'
import type { WriteFailure } from '../../replicator/peer.ts'

/** Documents of a source: those that this server can have, and the failures of the others. */
export interface ReceivedDocuments {
  readonly inputs: readonly DocumentInput[]
  readonly failures: readonly WriteFailure[]
  /** Length of all documents together. */
  readonly bytes: number
}

/** Parses documents. One that cannot be a document of this server becomes a failure; the others are unaffected. */
export function parseReceived(documents: readonly Uint8Array[], limits: DocumentLimits): ReceivedDocuments {
  const inputs: DocumentInput[] = []
  const failures: WriteFailure[] = []
  let bytes = 0
  for (const document of documents) {
    bytes += document.length
    try {
      inputs.push(parseReplicated(document, limits))
    } catch (error) {
      if (!(error instanceof CouchError)) throw error
      failures.push({ ...namesOf(document), status: error.status, error: error.error, reason: error.reason })
    }
  }
  return { inputs, failures, bytes }
}

/** Id and revision as far as the text has them. */
function namesOf(document: Uint8Array): { readonly id: string; readonly rev: string } {
  try {
    const { _id, _rev } = JSON.parse(Buffer.from(document).toString()) as Record<string, unknown>
    return { id: typeof _id === 'string' ? _id : '', rev: typeof _rev === 'string' ? _rev : '' }
  } catch {
    return { id: '', rev: '' }
  }
}
