import { fail } from '../../protocol/errors.ts'
import type { AttachmentInput } from '../../protocol/document/attachment-input.ts'
import type { Attachments } from './attachments.ts'
import type { ReceivedAttachment, Upload } from './upload.ts'

/** Attachments whose data is being put on disk while the next come in. */
const MAX_FINISHING = 16

interface Current {
  readonly upload: Upload
  /** Bytes still to come; undefined where no length was announced, so that the part's end is the attachment's. */
  left: number | undefined
}

/**
 * The attachments of a multipart document, filled from the parts in their order. As in CouchDB
 * (couch_att:write_streamed_attachment/3) the announced lengths decide: an attachment takes parts until it has its
 * bytes, an empty one takes none, and parts too many are passed over.
 */
export class FollowingAttachments {
  readonly #store: Attachments
  readonly #inputs: AttachmentInput[]
  readonly #received: (ReceivedAttachment | undefined)[] = []
  readonly #finishing = new Set<Promise<void>>()
  #failure: Error | undefined
  #current: Current | undefined
  #partIsFull = false

  /** @param inputs those that follow, in the order of `_attachments` */
  constructor(store: Attachments, inputs: readonly AttachmentInput[]) {
    this.#store = store
    this.#inputs = [...inputs]
  }

  /**
   * Bytes of a part, which the caller does not look at again.
   *
   * @throws `bad_request` "attachment longer than expected"
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    if (this.#partIsFull) throw fail('attachmentTooLong')
    const current = await this.#next()
    if (current === undefined) return
    const { left } = current
    if (left !== undefined && bytes.length > left) throw fail('attachmentTooLong')
    await current.upload.write(bytes, true)
    if (left === undefined) return
    current.left = left - bytes.length
    if (current.left === 0) {
      this.#partIsFull = true
      await this.#finishCurrent()
    }
  }

  async endPart(): Promise<void> {
    this.#partIsFull = false
    const current = await this.#next()
    if (current !== undefined && current.left === undefined) await this.#finishCurrent()
  }

  /**
   * There are no more parts.
   *
   * @returns what was received, to be released
   * @throws `bad_request` "attachment shorter than expected"
   */
  async finish(): Promise<ReceivedAttachment[]> {
    if ((await this.#next()) !== undefined) throw fail('attachmentTooShort')
    await Promise.all(this.#finishing)
    if (this.#failure !== undefined) throw this.#failure
    return this.#received.filter(attachment => attachment !== undefined)
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    await this.#current?.upload.abort()
    await Promise.all(this.#finishing)
    for (const attachment of this.#received) attachment?.release()
  }

  /** The attachment that the next bytes belong to; empty ones are done as soon as it is their turn. */
  async #next(): Promise<Current | undefined> {
    while (this.#current === undefined) {
      const input = this.#inputs.shift()
      if (input === undefined) return undefined
      const { name, contentType, encoding, length, digest } = input
      const announced = encoding === 'gzip' ? input.encodedLength : length
      const upload = this.#store.upload({ name, contentType, encoding, length, announced, digest })
      this.#current = { upload, left: announced }
      if (this.#current.left === 0) await this.#finishCurrent()
    }
    return this.#current
  }

  /** Puts the current one on disk while the next come in. */
  async #finishCurrent(): Promise<void> {
    const upload = this.#current?.upload
    if (upload === undefined) return
    this.#current = undefined
    const at = this.#received.push(undefined) - 1
    const finished = this.#finishOne(upload, at).finally(() => this.#finishing.delete(finished))
    this.#finishing.add(finished)
    if (this.#finishing.size >= MAX_FINISHING) await Promise.race(this.#finishing)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #finishOne(upload: Upload, at: number): Promise<void> {
    try {
      this.#received[at] = await upload.finish()
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error))
      await upload.abort()
    }
  }
}
