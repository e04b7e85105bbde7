import type { FileKey } from '../../storage/encryption/file-cipher.ts'

/** A message from the server to a worker that receives attachments. */
export type IngestRequest =
  /** The next bytes of an attachment; their memory is the worker's from then on. */
  | {
      readonly kind: 'work'
      readonly job: number
      /** With the first bytes. */
      readonly begin: IngestOptions | undefined
      readonly pieces: readonly Uint8Array[]
      /** True for the last bytes. */
      readonly end: boolean
    }
  | { readonly kind: 'file'; readonly job: number; readonly file: TargetFile }
  | { readonly kind: 'abort'; readonly job: number }

/** Target of the stored bytes of an attachment. */
export interface TargetFile {
  readonly fd: number
  /** They are encrypted under this. */
  readonly key: FileKey | undefined
}

export interface IngestOptions {
  /** zlib's level, 1 to 9, when the bytes are to be stored compressed. */
  readonly compressionLevel: number | undefined
  /** The file for the stored bytes, where it is known that they need one. */
  readonly file: TargetFile | undefined
  /** Without a file, more stored bytes than this go to a file, which the worker asks for. */
  readonly inlineLimit: number
  /** True where the SHA-256 of the stored bytes is wanted. */
  readonly isShared: boolean
}

/** A message from a worker to the server. */
export type IngestReply =
  /** The pieces of a request are no longer in use; not sent for the last. */
  | { readonly kind: 'taken'; readonly job: number }
  | { readonly kind: 'need-file'; readonly job: number }
  | { readonly kind: 'done'; readonly job: number; readonly result: IngestResult }
  /** Nothing more is written to the job's file. */
  | { readonly kind: 'aborted'; readonly job: number }
  | { readonly kind: 'failed'; readonly job: number; readonly message: string }

export interface IngestResult {
  /** MD5 of the stored bytes. */
  readonly md5: Uint8Array
  /** SHA-256 of the stored bytes, where it is wanted. */
  readonly sha256: Uint8Array | undefined
  /** MD5 of the bytes as they came. */
  readonly receivedMd5: Uint8Array
  readonly receivedLength: number
  readonly storedLength: number
  /** The stored bytes, when they are few enough not to go to a file. */
  readonly bytes: Uint8Array | undefined
}
