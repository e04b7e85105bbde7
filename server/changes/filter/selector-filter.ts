import { bufferOf } from '../../../protocol/bytes.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { fieldReader, type FieldReader } from '../../../protocol/selector/read-fields.ts'
import type { Suspended } from '../../../protocol/selector/pattern-matches.ts'
import type { CompiledSelector } from '../../../protocol/selector/selector.ts'
import type { BodyRecord } from '../../database/documents/body-record.ts'
import { isBranched, isDeleted, winnerBody } from '../../database/documents/change-record.ts'
import type { Database } from '../../database/database.ts'
import { unlessTooDeep, type OnSkip } from '../../query/skip-unusable.ts'
import { settled } from '../../concurrency/settled.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import { readFirstBodies } from '../../database/reading/read-bodies.ts'
import { PAGE_BYTES } from '../page-bytes.ts'
import { idOfRow, revOfRow } from '../../database/reading/row-text.ts'
import { filterKey, type ChangeFilter, type Verdict } from './change-filter.ts'
import { parseFields } from './fields.ts'
import { leafDocuments, type LeafDocument } from './leaf-documents.ts'
import { verdictsOf } from './verdicts.ts'

/**
 * `filter=_selector`: documents with their metadata are tried, tombstones too.
 *
 * @param fields of the request: what `include_docs` shows
 * @param stepLimit steps of its patterns for each page of records; more are an error that ends the feed
 * @throws `fieldsNotArray`
 */
export function selectorFilter(
  database: Database,
  selector: CompiledSelector,
  fields: unknown,
  { steps: stepLimit, onSkip }: { steps: number; onSkip: OnSkip },
): ChangeFilter {
  const project = parseFields(fields)
  const ownBodies = new OwnBodies(selector, onSkip)
  return {
    key: filterKey('_selector', [selector.normalized, fields]),
    pageSize: 1000,
    mayFail: selector.hasPatterns,
    ...(project === undefined ? {} : { project }),
    select: async (records, options) => {
      selector.limitSteps(stepLimit)
      const verdicts = await ownBodies.select(database, records)
      const branched = [...verdicts.keys()].filter(index => isBranched(records[index]!))
      if (branched.length === 0) return verdicts
      const asked = branched.map(position => records[position]!)
      const leaves = await leafDocuments(database, asked, { ...options, revisions: false })
      const passes: boolean[] = []
      const slice = new TimeSlice()
      for (const leaf of leaves.flat()) {
        const skip = (error: RangeError): void => onSkip(leaf.id, error)
        const verdict = unlessTooDeep(() => selector.matches(valueOf(leaf)), skip) ?? false
        passes.push(await settled(verdict, slice))
      }
      const found = verdictsOf(leaves, (_leaf, i) => passes[i]!)
      for (const [index, verdict] of found.entries()) verdicts[branched[index]!] = verdict
      return found.length === branched.length ? verdicts : verdicts.slice(0, branched[found.length])
    },
  }
}

/** Tries documents that have one leaf, which nearly all have: their records say all that is needed. */
class OwnBodies {
  readonly #selector: CompiledSelector
  readonly #seesMetadata: boolean
  readonly #onSkip: OnSkip
  readonly #read: FieldReader | undefined

  constructor(selector: CompiledSelector, onSkip: OnSkip) {
    this.#onSkip = onSkip
    this.#selector = selector
    this.#seesMetadata = selector.fields.some(field => field.startsWith('_') || field.startsWith('\\'))
    this.#read = fieldReader(selector.normalized)
  }

  async select(database: Database, records: readonly Uint8Array[]): Promise<Verdict[]> {
    const bodies = await readFirstBodies(database, records.map(winnerBody), PAGE_BYTES)
    const slice = new TimeSlice()
    const verdicts: Verdict[] = []
    for (const [index, body] of bodies.entries()) {
      const record = records[index]!
      const verdict = body !== undefined && !isBranched(record) && this.#verdict(record, body)
      verdicts.push(typeof verdict === 'boolean' ? verdict : await settled(verdict, slice))
      if (slice.isOver) await slice.pause()
    }
    return verdicts
  }

  /** A document that is too deep for the stack does not match. */
  #verdict(record: Uint8Array, body: BodyRecord): boolean | Suspended {
    try {
      return this.#matches(record, body)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#onSkip(idOfRow(record), error)
      return false
    }
  }

  #matches(record: Uint8Array, body: BodyRecord): boolean | Suspended {
    if (this.#read !== undefined) {
      const [id, rev] = this.#seesMetadata ? [idOfRow(record), revOfRow(record)] : ['', '']
      return this.#selector.matches(this.#read({ id, rev, body: body.body }))
    }
    const document = parseBody(body)
    if (this.#seesMetadata) {
      document._id = idOfRow(record)
      document._rev = revOfRow(record)
      if (isDeleted(record)) document._deleted = true
      if (body.attachments.length > 0) document._attachments = attachmentsOf(body)
    }
    return this.#selector.matches(document)
  }
}

function valueOf({ id, rev, deleted, record, conflicts }: LeafDocument): JsonObject {
  const document = parseBody(record)
  document._id = id
  document._rev = rev
  if (deleted) document._deleted = true
  if (conflicts.length > 0) document._conflicts = [...conflicts]
  if (record.attachments.length > 0) document._attachments = attachmentsOf(record)
  return document
}

function parseBody({ body }: BodyRecord): JsonObject {
  return JSON.parse(bufferOf(body).toString()) as JsonObject
}

function attachmentsOf({ attachments }: BodyRecord): JsonObject {
  return Object.fromEntries(
    attachments.map(({ name, contentType, revpos, digest, length }) => [
      name,
      { content_type: contentType, revpos, digest, length, stub: true },
    ]),
  )
}
