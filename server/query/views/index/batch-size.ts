import { DOCUMENTS_AT_A_TIME } from './changed-documents.ts'

/** Rows that a batch should have at most. */
const ROWS_AT_A_TIME = 20_000

/** Documents of the first batches, of which nobody knows what they emit. */
const FIRST_DOCUMENTS = 4

/** Says how many documents are mapped together, by the rows that those before them emitted. */
export class BatchSize {
  #limit = FIRST_DOCUMENTS

  get limit(): number {
    return this.#limit
  }

  note(documents: number, rows: number): void {
    const rowsEach = Math.max(1, rows / Math.max(1, documents))
    this.#limit = Math.max(1, Math.min(DOCUMENTS_AT_A_TIME, Math.floor(ROWS_AT_A_TIME / rowsEach)))
  }
}
