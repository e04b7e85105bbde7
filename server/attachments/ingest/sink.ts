import type { IncomingBlob } from '../incoming-blob.ts'
import type { IngestResult } from './messages.ts'

/** Receiver of an attachment that exceeds the buffer of its upload. Ended by `finish` or by `abort`. */
export interface IngestSink {
  /**
   * Waits when bytes come faster than they are taken. They must not change afterwards.
   *
   * @param transferable whether the caller does not look at the bytes again: their memory may be taken away
   */
  write(bytes: Uint8Array, transferable: boolean): Promise<void>
  finish(): Promise<{ readonly result: IngestResult; readonly blob: IncomingBlob }>
  /** Leaves nothing behind. Idempotent; after `finish` has answered without effect. */
  abort(): Promise<void>
}
