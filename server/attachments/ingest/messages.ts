/** What the server tells a worker that takes in attachments. */
export type IngestRequest =
  | { readonly kind: 'open'; readonly job: number; readonly options: IngestOptions }
  /** The first bytes of a piece of shared memory, which is the worker's until it is `taken`. */
  | {
      readonly kind: 'chunk'
      readonly job: number
      readonly slot: number
      readonly memory: SharedArrayBuffer
      readonly length: number
    }
  | { readonly kind: 'file'; readonly job: number; readonly fd: number }
  | { readonly kind: 'end'; readonly job: number }
  | { readonly kind: 'abort'; readonly job: number }

export interface IngestOptions {
  /** zlib's level, 1 to 9, when the bytes are to be stored compressed. */
  readonly compressionLevel: number | undefined
  /** More stored bytes than this go to a file, which the worker asks for. */
  readonly inlineLimit: number
}

/** What a worker answers. */
export type IngestReply =
  /** A slot's bytes are done with. */
  | { readonly kind: 'taken'; readonly job: number; readonly slot: number }
  | { readonly kind: 'need-file'; readonly job: number }
  | { readonly kind: 'done'; readonly job: number; readonly result: IngestResult }
  /** Nothing more is written to the job's file. */
  | { readonly kind: 'aborted'; readonly job: number }
  | { readonly kind: 'failed'; readonly job: number; readonly message: string }

export interface IngestResult {
  /** MD5 of the stored bytes. */
  readonly md5: Uint8Array
  /** MD5 of the bytes as they came. */
  readonly receivedMd5: Uint8Array
  readonly receivedLength: number
  readonly storedLength: number
  /** The stored bytes, when they are few enough not to go to a file. */
  readonly bytes: Uint8Array | undefined
}
