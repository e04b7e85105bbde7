import { GrowingBuffer } from '../../replicator/http/growing-buffer.ts'
import { JsonSkipper } from '../../replicator/http/json-skipper.ts'
import { objectMember } from './json-text.ts'

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
/** Members of an outermost object that hold a list: of rows with documents, or of documents as for `_bulk_docs`. */
const LISTS = ['rows', 'results', 'docs']
/** An outermost object whose first member is one of these is no document. */
const CONTAINER = new Set([
  'total_rows',
  'offset',
  'update_seq',
  'rows',
  'docs',
  'new_edits',
  'last_seq',
  'results',
])
const BACKUP_TOOL = '"@cloudant/couchbackup"'

/** A document's text as it stands in a file. */
export interface ScannedDocument {
  /** A view of the file's bytes, which stays valid. */
  readonly json: Buffer
  /** Bytes of the file up to the document's end. */
  readonly end: number
}

/**
 * Cuts documents out of the text of a file as it is read: lines or a list of documents, the answer of `_all_docs`, a body of
 * `_bulk_docs`, the lines of couchbackup. Their text is passed on as it stands, so that numbers stay as they were written.
 */
export class DocumentScanner {
  readonly #buffer = new GrowingBuffer()
  readonly #skipper = new JsonSkipper()
  #dropped = 0
  /** Start of the outermost value that is open. */
  #topIsList = false
  /** Decided at the first member of an outermost object. */
  #container: boolean | undefined
  #list = ''
  #start = -1

  /** True if the text ended in the middle of a value. */
  get incomplete(): boolean {
    return this.#skipper.depth > 0 || this.#skipper.inString
  }

  /** Returns the documents that these bytes complete. */
  push(chunk: Uint8Array): ScannedDocument[] {
    this.#buffer.append(chunk)
    const bytes = this.#buffer.bytes
    const found: ScannedDocument[] = []
    const skipper = this.#skipper
    for (let token = skipper.step(bytes); token !== 'more'; token = skipper.step(bytes)) {
      if (token === 'open') this.#open(bytes)
      else if (token === 'string') this.#string(bytes)
      else this.#close(bytes, found)
    }
    this.#drop()
    return found
  }

  #open(bytes: Buffer): void {
    const { depth, position } = this.#skipper
    if (depth === 1) {
      this.#topIsList = bytes[position - 1] === OPEN_BRACKET
      this.#container = this.#topIsList ? false : undefined
      this.#list = ''
      if (!this.#topIsList) this.#start = position - 1
    } else if (depth === this.#entryDepth && bytes[position - 1] === OPEN_BRACE && this.#start < 0) {
      this.#start = position - 1
    }
  }

  /** The first name of an outermost object tells whether it is a document; a later one, which list begins. */
  #string(bytes: Buffer): void {
    const { depth, stringStart, stringEnd } = this.#skipper
    if (depth !== 1 || this.#topIsList || this.#container === false) return
    const name = bytes.toString('utf8', stringStart, stringEnd)
    if (this.#container === undefined) {
      this.#container = CONTAINER.has(name)
      if (this.#container) this.#start = -1
    }
    if (this.#container && LISTS.includes(name)) this.#list = name
  }

  #close(bytes: Buffer, found: ScannedDocument[]): void {
    const { depth, position } = this.#skipper
    if (this.#start < 0 || depth !== this.#entryDepth - 1) return
    const json = bytes.subarray(this.#start, position)
    this.#start = -1
    const isRow = this.#list === 'rows' || this.#list === 'results'
    const document = isRow ? objectMember(json, 'doc') : json
    if (document !== undefined && !isMetadata(document))
      found.push({ json: document, end: this.#dropped + position })
  }

  /** Brackets that are open inside a document: the outermost object itself, an entry of a list, an entry of a member. */
  get #entryDepth(): number {
    if (this.#topIsList) return 2
    return this.#container === true ? (this.#list === '' ? Number.POSITIVE_INFINITY : 3) : 1
  }

  #drop(): void {
    const { position, inString, stringStart } = this.#skipper
    const kept = inString ? Math.min(stringStart, position) : position
    const length = this.#start >= 0 ? Math.min(this.#start, kept) : kept
    this.#buffer.drop(length)
    this.#skipper.rebase(length)
    this.#dropped += length
    if (this.#start >= 0) this.#start -= length
  }
}

/** The first line of couchbackup's files describes the tool. */
function isMetadata(json: Buffer): boolean {
  return json.length < 1000 && json.includes(BACKUP_TOOL) && json.includes('"mode"')
}
