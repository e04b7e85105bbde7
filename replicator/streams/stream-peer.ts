import { PeerError } from '../peer-error.ts'
import type {
  BytesMoved,
  ChangesBatch,
  DatabaseInfo,
  FetchedRevision,
  MissingRevisions,
  OpenedRevision,
  Peer,
  PeerLocalDocument,
  WriteFailure,
} from '../peer.ts'
import type { StreamReader } from './contract.ts'

/** A stream as one side of a job. It has no documents to ask for: what is no part of a stream is refused. */
export class StreamPeer implements Peer {
  readonly isShared = false
  readonly url: string
  readonly moved: BytesMoved & { received: number; sent: number } = { received: 0, sent: 0 }

  constructor(url: string) {
    this.url = url
  }

  /** Clients of brokers notice themselves that a connection stands still. */
  get heardAt(): number {
    return performance.now()
  }

  get masked(): readonly number[] | undefined {
    return undefined
  }

  info(_signal: AbortSignal): Promise<DatabaseInfo> {
    return this.#refuse()
  }

  create(): Promise<void> {
    return this.#refuse('the streams of a broker are made there, with what they are to keep')
  }

  // eslint-disable-next-line require-yield
  async *changes(): AsyncGenerator<ChangesBatch> {
    await this.#refuse()
  }

  pending(): Promise<number | null> {
    return Promise.resolve(null)
  }

  revsDiff(
    _changes: readonly { readonly id: string; readonly revs: readonly string[] }[],
  ): Promise<MissingRevisions[]> {
    return this.#refuse()
  }

  // eslint-disable-next-line require-yield
  async *bulkGet(): AsyncGenerator<FetchedRevision[]> {
    await this.#refuse()
  }

  // eslint-disable-next-line require-yield
  async *openRevision(): AsyncGenerator<OpenedRevision> {
    await this.#refuse()
  }

  bulkDocs(_documents: readonly Uint8Array[], _signal: AbortSignal): Promise<WriteFailure[]> {
    return this.#refuse()
  }

  put(_id: string, _document: OpenedRevision, _signal: AbortSignal): Promise<WriteFailure | null> {
    return this.#refuse()
  }

  getLocal(_id: string, _signal: AbortSignal): Promise<PeerLocalDocument | null> {
    return Promise.resolve(null)
  }

  putLocal(_id: string, _body: object, _rev: string | undefined, _signal: AbortSignal): Promise<string> {
    return this.#refuse()
  }

  getDocument(): Promise<unknown> {
    return Promise.resolve(null)
  }

  ensureFullCommit(_signal: AbortSignal): Promise<string> {
    return Promise.resolve('')
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #refuse(reason = 'a stream is no database: a job cannot do this with it'): Promise<never> {
    return Promise.reject(new PeerError('not_a_database', `${this.url}: ${reason}`))
  }
}

/** A stream that is read, for what watches the lag of a job. */
export class StreamSourcePeer extends StreamPeer {
  readonly #reader: StreamReader

  constructor(url: string, reader: StreamReader) {
    super(url)
    this.#reader = reader
  }

  override pending(): Promise<number | null> {
    return this.#reader.pending()
  }

  override close(): Promise<void> {
    return this.#reader.close()
  }
}
