import type { IncomingFile } from './files.ts'

/** Bytes on their way into the store: in memory, or in a file that is not yet synced. */
export type IncomingBlob =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly file: IncomingFile; readonly length: number }
