/** Everything that clients were told, and what of it contradicts itself. */
export class History {
  /** Revisions that were acknowledged, by document, in their order. */
  readonly acknowledged = new Map<string, string[]>()
  /** Content of the row at each sequence, as the first reader of it saw it. */
  readonly rows = new Map<number, string>()
  readonly faults: string[] = []
  /** Requests that nothing answered. */
  readonly silences: string[] = []
  refused = 0
  slowestMs = 0
  readonly #last = new Map<string, number>()

  get writes(): number {
    return [...this.acknowledged.values()].reduce((sum, revs) => sum + revs.length, 0)
  }

  acknowledge(id: string, rev: string): void {
    const revs = this.acknowledged.get(id)
    if (revs === undefined) this.acknowledged.set(id, [rev])
    else revs.push(rev)
  }

  /** Notes a row of a feed: sequences rise for each reader, and none has two contents. */
  saw(reader: string, seq: string, row: string): void {
    const number = Number.parseInt(seq)
    const last = this.#last.get(reader) ?? 0
    if (number <= last) this.fault(`${reader} was given sequence ${number} behind ${last}: ${row}`)
    this.#last.set(reader, number)
    const before = this.rows.get(number)
    if (before === undefined) this.rows.set(number, row)
    else if (before !== row) this.fault(`sequence ${number} is ${row}, and was ${before}`)
    const seen = this.#seen(reader)
    seen.set(row.split(' ')[0]!, row)
  }

  /** Returns the last row that a reader saw of each document, sorted. */
  lastRows(reader: string): string[] {
    return [...this.#seen(reader).values()].sort()
  }

  took(ms: number): void {
    this.slowestMs = Math.max(this.slowestMs, ms)
  }

  unanswered(request: string): void {
    this.silences.push(request)
  }

  fault(text: string): void {
    this.faults.push(text)
  }

  readonly #rowsOf = new Map<string, Map<string, string>>()

  #seen(reader: string): Map<string, string> {
    let seen = this.#rowsOf.get(reader)
    if (seen === undefined) this.#rowsOf.set(reader, (seen = new Map<string, string>()))
    return seen
  }
}
