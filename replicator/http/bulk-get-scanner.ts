import { readRevisionDelta } from '../../protocol/delta/revision-delta.ts'
import type { FetchedRevision } from '../peer.ts'
import { notJson } from './answer.ts'
import type { PeerAnswer } from './answer.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import { JsonSkipper } from './json-skipper.ts'

const COLON = 0x3a
const ATTACHMENTS = Buffer.from('_attachments')

/** The brackets that are open inside an entry of `{"results":[{"id":…,"docs":[{"ok":{document}}]}]}`. */
export const BULK_GET_ENTRY = 5
/** Finds documents in `[{"ok":{document}}]`, the answer to `open_revs`. */
export const OPEN_REVS_ENTRY = 2

/**
 * Cuts the documents out of a `_bulk_get` answer as it arrives: their bytes go on as they came, unparsed. Documents with
 * attachments, and errors, are parsed for what identifies them.
 */
export class BulkGetScanner {
  readonly #buffer = new GrowingBuffer()
  readonly #skipper = new JsonSkipper()
  readonly #entry: number
  #valueStart = 0
  #key = ''
  #attachments = false
  /** End of a string that may be the member name `_attachments`; -1 if there is none. */
  #candidate = -1

  constructor(entryDepth: number = BULK_GET_ENTRY) {
    this.#entry = entryDepth
  }

  /** True after the end of the answer's outermost object. */
  get complete(): boolean {
    return this.#skipper.finished
  }

  /** Bytes of a document, or of anything else, that is not complete. */
  get held(): number {
    return this.#buffer.bytes.length
  }

  /** The revisions that these bytes complete. */
  push(chunk: Uint8Array): FetchedRevision[] {
    this.#buffer.append(chunk)
    const bytes = this.#buffer.bytes
    const found: FetchedRevision[] = []
    const skipper = this.#skipper
    for (let token = skipper.step(bytes); token !== 'more'; token = skipper.step(bytes)) {
      if (token === 'string') this.#string(bytes)
      else if (token === 'open') this.#open()
      else if (skipper.depth === this.#entry && this.#key !== '') found.push(this.#value(bytes))
    }
    this.#drop()
    return found
  }

  #string(bytes: Buffer): void {
    const { depth, stringStart: start, stringEnd: end } = this.#skipper
    if (depth === this.#entry && this.#key === '') this.#key = bytes.toString('latin1', start, end)
    if (depth !== this.#entry + 1 || end - start !== ATTACHMENTS.length || this.#attachments) return
    this.#judgeCandidate(bytes)
    if (bytes.compare(ATTACHMENTS, 0, ATTACHMENTS.length, start, end) === 0) this.#candidate = end + 1
  }

  #open(): void {
    const { depth, position } = this.#skipper
    if (depth === this.#entry) this.#key = ''
    if (depth !== this.#entry + 1) return
    this.#valueStart = position - 1
    this.#attachments = false
    this.#candidate = -1
  }

  /** Called once the byte after the string has arrived: only member names are followed by a colon. */
  #judgeCandidate(bytes: Buffer): void {
    if (this.#candidate >= 0) this.#attachments ||= isKey(bytes, this.#candidate)
    this.#candidate = -1
  }

  #value(bytes: Buffer): FetchedRevision {
    this.#judgeCandidate(bytes)
    const json = bytes.subarray(this.#valueStart, this.#skipper.position)
    const isDocument = this.#key === 'ok'
    const isDelta = this.#key === 'delta'
    this.#key = ''
    if (isDocument && !this.#attachments) return { kind: 'document', json }
    const value = JSON.parse(json.toString()) as Record<string, unknown>
    const text = (name: string): string => {
      const member = value[name]
      return typeof member === 'string' ? member : ''
    }
    if (isDocument) return { kind: 'attachments', id: text('_id'), rev: text('_rev') }
    const described = isDelta ? readRevisionDelta(value) : undefined
    if (described !== undefined) return { kind: 'delta', id: described.id, rev: described.rev, described }
    if (isDelta) return { kind: 'attachments', id: text('id'), rev: text('rev') }
    return { kind: 'missing', id: text('id'), rev: text('rev'), reason: text('reason') || text('error') }
  }

  /** Drops bytes before the value that is still open. */
  #drop(): void {
    const { depth, position, inString, stringStart } = this.#skipper
    const length = depth > this.#entry ? this.#valueStart : inString ? stringStart : position
    this.#buffer.drop(length)
    this.#skipper.rebase(length)
    this.#valueStart -= length
    if (this.#candidate >= 0) this.#candidate -= length
  }
}

/**
 * Pushes a chunk of an answer.
 *
 * @throws PeerError `no_couchdb` where what identifies a document cannot be parsed
 */
export function pushed(scanner: BulkGetScanner, chunk: Uint8Array, answer: PeerAnswer): FetchedRevision[] {
  try {
    return scanner.push(chunk)
  } catch (cause) {
    throw notJson(answer, cause)
  }
}

function isKey(bytes: Uint8Array, offset: number): boolean {
  while (offset < bytes.length && (bytes[offset] ?? 0) <= 0x20) offset++
  return bytes[offset] === COLON
}
