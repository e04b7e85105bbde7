import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { finishDocument } from '../../protocol/document/parse.ts'
import { DocumentScanner } from '../../protocol/document/raw-document.ts'
import { CouchError } from '../../protocol/errors.ts'
import { JsonScanner } from '../../protocol/json/scanner.ts'
import { runSteps } from '../../protocol/steps.ts'

/** The body of a document, with the term that its revision id is a hash over; or the error that refuses it. */
export type RowBody = { readonly body: Uint8Array; readonly term: Uint8Array } | CouchError

/**
 * Returns the bodies of documents, in their order. One scanner reads all of them, so that a row costs no buffers of its own.
 *
 * @param texts JSON objects, as `printExact` prints them
 */
export function rowBodies(texts: readonly string[], limits: DocumentLimits): RowBody[] {
  if (texts.length === 0) return []
  try {
    return scanAll(texts, limits)
  } catch (error) {
    if (texts.length > 1) return texts.flatMap(text => rowBodies([text], limits))
    if (error instanceof CouchError) return [error]
    throw error
  }
}

function scanAll(texts: readonly string[], limits: DocumentLimits): RowBody[] {
  const scanner = new JsonScanner(Buffer.from(`[${texts.join(',')}]`), { term: true })
  const bodies: RowBody[] = []
  scanner.enterArray()
  while (scanner.more()) {
    scanner.element()
    const scan = new DocumentScanner(scanner)
    while (!scan.run()) continue
    bodies.push(limited(scanner.source, scan, limits))
  }
  return bodies
}

function limited(source: Buffer, { result }: DocumentScanner, limits: DocumentLimits): RowBody {
  try {
    const { body, term, refusal } = runSteps(finishDocument(source, result, limits))
    return refusal ?? { body, term: term! }
  } catch (error) {
    if (error instanceof CouchError) return error
    throw error
  }
}
