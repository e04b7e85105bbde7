import type { ReplicationStats } from '../../protocol/checkpoint.ts'
import { isOfDocuments, PeerError } from '../peer-error.ts'
import type { Peer, WriteFailure } from '../peer.ts'

const MAX_BATCH_BYTES = 2 * 1024 * 1024
const MAX_BATCH_DOCUMENTS = 2000

/** Receives each document that the target refuses. */
export type FailureSink = (failure: WriteFailure) => void

/** Gathers documents and writes them to the target in batches of bounded size. */
export class DocumentWriter {
  readonly #target: Peer
  readonly #stats: ReplicationStats
  readonly #refused: FailureSink
  readonly #signal: AbortSignal
  #documents: Uint8Array[] = []
  #bytes = 0

  constructor(target: Peer, stats: ReplicationStats, refused: FailureSink, signal: AbortSignal) {
    this.#target = target
    this.#stats = stats
    this.#refused = refused
    this.#signal = signal
  }

  /** Returns when there is room for more. */
  async add(json: Uint8Array): Promise<void> {
    if (this.#bytes + json.length > MAX_BATCH_BYTES || this.#documents.length >= MAX_BATCH_DOCUMENTS)
      await this.flush()
    this.#documents.push(json)
    this.#bytes += json.length
  }

  /** Returns when everything that was added has been written. */
  async flush(): Promise<void> {
    const documents = this.#documents
    this.#documents = []
    this.#bytes = 0
    if (documents.length > 0) await this.#write(documents)
  }

  /** A batch that is too large for the target, or has a document that it cannot read, is halved until it is not. */
  async #write(documents: readonly Uint8Array[]): Promise<void> {
    try {
      const failures = await this.#target.bulkDocs(documents, this.#signal)
      for (const failure of failures) this.#refused(withRevision(failure, documents))
      this.#stats.docsWritten += documents.length - failures.length
      this.#stats.docWriteFailures += failures.length
    } catch (error) {
      if (!(error instanceof PeerError) || !isOfDocuments(error)) throw error
      const [only] = documents
      if (documents.length === 1 && only) return this.#refusedWhole(only, error)
      const middle = documents.length >> 1
      await this.#write(documents.slice(0, middle))
      await this.#write(documents.slice(middle))
    }
  }

  #refusedWhole(json: Uint8Array, { error, reason, status }: PeerError): void {
    this.#refused({ ...identityOf(json), status, error, reason })
    this.#stats.docWriteFailures++
  }
}

/** Not every target names the revision that it refused. */
function withRevision(failure: WriteFailure, documents: readonly Uint8Array[]): WriteFailure {
  if (failure.rev !== '') return failure
  const document = documents.map(identityOf).find(({ id }) => id === failure.id)
  return { ...failure, rev: document?.rev ?? '' }
}

/** As far as the text has them: a source may have given anything. */
function identityOf(json: Uint8Array): { readonly id: string; readonly rev: string } {
  try {
    const { _id, _rev } = JSON.parse(Buffer.from(json).toString()) as Record<string, unknown>
    return { id: typeof _id === 'string' ? _id : '', rev: typeof _rev === 'string' ? _rev : '' }
  } catch {
    return { id: '', rev: '' }
  }
}
