import type { Rev } from '../../../protocol/revision.ts'
import {
  BEFORE_SEQ,
  idEnd,
  isDeleted,
  rowEnd,
  rowStart,
  seqEnd,
} from '../../database/documents/change-record.ts'
import type { Database } from '../../database/database.ts'
import type { RowOptions } from '../feed-request.ts'
import type { Verdict } from '../filter/change-filter.ts'
import type { RowRenderer, RowOutput } from './row-renderer.ts'
import { UnfilledJson } from '../../database/documents/unfilled-json.ts'
import { RowBuffer } from '../../database/reading/row-buffer.ts'
import { RowDocuments } from './row-documents.ts'

const PAGE = 500
/** Read at once up to the bound of bytes for a page, so that few ranges of bodies are opened. */
const PAGE_OF_DOCUMENTS = 500
const NULL = Buffer.from('null')
const CHANGES = Buffer.from(',"changes":[')
const DELETED = Buffer.from(',"deleted":true')
const DOC = Buffer.from(',"doc":')
const END = Buffer.from('}')

/** Rows that are chosen by a filter, or carry documents, or leave out sequences. */
export class ComposedRows implements RowRenderer {
  readonly key: string | undefined
  readonly pageSize: number
  readonly mayFail: boolean
  readonly #database: Database
  readonly #options: RowOptions

  constructor(database: Database, options: RowOptions) {
    this.#database = database
    this.#options = options
    this.pageSize = options.filter?.pageSize ?? (options.includeDocs ? PAGE_OF_DOCUMENTS : PAGE)
    this.mayFail = options.filter?.mayFail ?? false
    const { filter, seqInterval, ...plain } = options
    this.key = seqInterval === undefined ? `${JSON.stringify(plain)} ${filter?.key ?? ''}` : undefined
  }

  async render(records: readonly Uint8Array[], out: RowOutput): Promise<number> {
    const { filter, includeDocs, allLeaves } = this.#options
    const verdicts = filter === undefined ? undefined : await filter.select(records, { allLeaves })
    const judged = verdicts === undefined ? records.length : verdicts.length
    const { chosen, done } = choose(judged, verdicts, out.left)
    const documents = includeDocs
      ? await RowDocuments.load(
          this.#database,
          chosen.map(index => records[index]!),
          this.#options,
        )
      : undefined
    const rows = documents?.length ?? chosen.length
    for (const [i, index] of chosen.slice(0, rows).entries()) {
      this.#write(out, records[index]!, verdicts?.[index] ?? true, documents, i)
    }
    return rows === chosen.length ? done : chosen[rows]!
  }

  #write(
    out: RowOutput,
    record: Uint8Array,
    verdict: Verdict,
    documents: RowDocuments | undefined,
    index: number,
  ): void {
    const { buffer, framing } = out
    const { seqInterval } = this.#options
    const hasSeq = seqInterval === undefined || out.left % seqInterval === 0
    framing.open(buffer, out.count)
    if (typeof verdict === 'boolean') writeStored(buffer, record, this.#options.allLeaves, hasSeq)
    else writeLeaves(buffer, record, verdict, hasSeq)
    if (documents !== undefined) {
      buffer.drop(END.length)
      buffer.bytes(DOC)
      this.#writeDocument(buffer, documents, index)
      buffer.bytes(END)
    }
    framing.close(buffer, record, hasSeq)
    out.count += 1
    out.left -= 1
  }

  #writeDocument(buffer: RowBuffer, documents: RowDocuments, index: number): void {
    const project = this.#options.filter?.project
    if (project === undefined) {
      documents.write(index, buffer)
      return
    }
    const whole = new RowBuffer()
    documents.write(index, whole)
    const document = whole.takeUnfilled()
    if (document instanceof UnfilledJson) buffer.json(document.through(project))
    else buffer.bytes(project(document))
  }
}

/** The records to give, by their places, and how many are done with. */
function choose(
  judged: number,
  verdicts: readonly Verdict[] | undefined,
  left: number,
): { chosen: number[]; done: number } {
  const chosen: number[] = []
  for (let index = 0; index < judged; index++) {
    if (left >= 0 && chosen.length === left) return { chosen, done: index }
    const verdict = verdicts?.[index] ?? true
    if (verdict === true || (verdict !== false && verdict.length > 0)) chosen.push(index)
  }
  return { chosen, done: judged }
}

function writeStored(out: RowBuffer, record: Uint8Array, allLeaves: boolean, hasSeq: boolean): void {
  const start = rowStart(record, allLeaves)
  const from = hasSeq ? start : writeNullSeq(out, record, start)
  out.copy(record, from, rowEnd(record, allLeaves))
}

function writeLeaves(out: RowBuffer, record: Uint8Array, revs: readonly Rev[], hasSeq: boolean): void {
  const start = rowStart(record, false)
  const from = hasSeq ? start : writeNullSeq(out, record, start)
  out.copy(record, from, start + idEnd(record))
  out.bytes(CHANGES)
  out.text(revs.map(rev => `{"rev":${JSON.stringify(rev)}}`).join(','))
  out.text(']')
  if (isDeleted(record)) out.bytes(DELETED)
  out.bytes(END)
}

/** Writes the beginning of a row without its sequence. Returns where the rest begins. */
function writeNullSeq(out: RowBuffer, record: Uint8Array, start: number): number {
  out.copy(record, start, start + BEFORE_SEQ)
  out.bytes(NULL)
  return start + seqEnd(record)
}
