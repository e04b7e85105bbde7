import type { DocumentInput, DocumentLimits } from '../../protocol/document/document-input.ts'
import { parseBulkDocs } from '../../protocol/document/parse-bulk-docs.ts'
import { CouchError } from '../../protocol/errors.ts'
import type { WriteFailure } from '../../replicator/peer.ts'

const DOCS_BEGIN = Buffer.from('{"new_edits":false,"docs":[')
const DOCS_END = Buffer.from(']}')
const COMMA = Buffer.from(',')

/** Documents as a source gave them: those that are documents, and why the others are not. */
export interface ReceivedDocuments {
  readonly inputs: readonly DocumentInput[]
  readonly failures: readonly WriteFailure[]
  readonly bytes: number
}

/** Parses documents; one that cannot be a document of this server fails alone, not the others with it. */
export function parseReceived(documents: readonly Uint8Array[], limits: DocumentLimits): ReceivedDocuments {
  const body = join(documents)
  try {
    const { docs, newEdits } = parseBulkDocs(body, limits)
    if (!newEdits && docs.length === documents.length)
      return { inputs: docs, failures: [], bytes: body.length }
  } catch (error) {
    if (!(error instanceof CouchError)) throw error
  }
  return parseOneByOne(documents, limits, body.length)
}

function parseOneByOne(
  documents: readonly Uint8Array[],
  limits: DocumentLimits,
  bytes: number,
): ReceivedDocuments {
  const inputs: DocumentInput[] = []
  const failures: WriteFailure[] = []
  for (const document of documents) {
    try {
      const { docs, newEdits } = parseBulkDocs(join([document]), limits)
      const [input] = docs
      if (input && docs.length === 1 && !newEdits) inputs.push(input)
      else
        failures.push({
          ...namesOf(document),
          status: 400,
          error: 'bad_request',
          reason: 'this is no document',
        })
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

function join(documents: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [DOCS_BEGIN]
  for (const document of documents) parts.push(document, COMMA)
  parts[Math.max(1, parts.length - 1)] = DOCS_END
  return Buffer.concat(parts)
}
