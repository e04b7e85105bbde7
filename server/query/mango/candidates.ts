import type { ByteWriter } from '../../../protocol/json/byte-writer.ts'
import { FieldLocator } from '../../../protocol/json/field-locator.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { pathsOf } from '../../../protocol/selector/field-path.ts'
import { objectOf, projection } from '../../../protocol/selector/projection.ts'
import type { Database } from '../../database/database.ts'
import { selectorFieldsReader, documentWriter, type DocumentContent } from '../document-content.ts'
import { rowParts } from '../../../protocol/view-row.ts'
import type { FindRequest } from './find-request.ts'
import { readWinners, type WantedWinner } from './winners.ts'

/** A document that a query looks at. */
export interface Candidate {
  /** Returns its row key, its position in the index. */
  readonly place: () => Uint8Array
  /** The document or row that the selector is applied to. */
  readonly value: JsonObject
  /** Writes the requested fields as JSON; from a covering index without reading the document. */
  readonly write: (out: ByteWriter) => void
}

/** A design document among all documents: it is counted, and never found. */
export const DESIGN_DOCUMENT = Symbol('design document')

/** A document that a query examines. */
export type Counted = Candidate | typeof DESIGN_DOCUMENT

/** A document to be looked at, and where it stands in the index. */
export interface Place extends WantedWinner {
  readonly place: () => Uint8Array
  readonly isDesign?: boolean
}

/** Reads documents, as many at a time as fit in memory. */
export class DocumentCandidates {
  readonly #database: Database
  readonly #conflicts: boolean
  readonly #read: (content: DocumentContent) => JsonObject
  readonly #write: (content: DocumentContent, out: ByteWriter) => void

  constructor(database: Database, { selector, conflicts, fields }: FindRequest) {
    this.#database = database
    this.#conflicts = conflicts
    this.#read = selectorFieldsReader(selector.normalized)
    this.#write = documentWriter(fields)
  }

  async *read(places: readonly Place[]): AsyncGenerator<Counted[]> {
    for (let rest = places; rest.length > 0;) {
      const contents = await readWinners(this.#database, rest, this.#conflicts)
      const candidates: Counted[] = []
      for (const [index, content] of contents.entries()) {
        const { place, isDesign = false } = rest[index] as Place
        if (isDesign) candidates.push(DESIGN_DOCUMENT)
        if (content === undefined) continue
        candidates.push({
          place,
          value: this.#read(content),
          write: out => this.#write(content, out),
        })
      }
      yield candidates
      rest = contents.length < rest.length ? rest.slice(contents.length) : []
    }
  }
}

/** Makes documents of what a covering index has of them. */
export class CoveredCandidates {
  readonly #elements: FieldLocator
  readonly #columns: number
  readonly #show: ReturnType<typeof objectOf>
  readonly #project: (document: Uint8Array) => string

  /** @param fields the requested ones */
  constructor(columns: readonly string[], fields: readonly string[]) {
    this.#project = projection(fields)
    this.#columns = columns.length
    this.#show = objectOf([['_id'], ...pathsOf(columns)])
    this.#elements = new FieldLocator(columns.map((_, index) => ['key', String(index)]))
  }

  read(record: Uint8Array, place: () => Uint8Array): Candidate {
    const { id, key } = rowParts(record)
    const row = Buffer.from(`{"key":${key}}`)
    this.#elements.locate(row)
    const { starts, ends } = this.#elements
    const columns = Array.from({ length: this.#columns }, (_, index) =>
      starts[index] === -1 ? undefined : row.toString('utf8', starts[index], ends[index]),
    )
    const text = this.#show(field => (field === 0 ? id : columns[field - 1]))
    return {
      place,
      value: JSON.parse(text) as JsonObject,
      write: out => out.utf8(this.#project(Buffer.from(text))),
    }
  }
}
