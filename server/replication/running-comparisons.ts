import type { ComparisonLine } from '../../replicator/compare.ts'

/** A comparison that runs, as `_active_tasks` shows it. Times in seconds since 1970. */
export interface ComparisonTask {
  readonly type: 'comparison'
  readonly user: string | null
  /** URLs without credentials. */
  readonly source: string
  readonly target: string
  /** Documents that were compared so far. */
  readonly source_documents: number
  readonly target_documents: number
  readonly total_documents: number
  /** Documents that differ. */
  readonly differences: number
  /** Percent. */
  readonly progress: number
  readonly started_on: number
  readonly updated_on: number
}

/** Names of a comparison. */
type Named = Pick<ComparisonTask, 'user' | 'source' | 'target' | 'total_documents'>

/** The comparisons of a server that run now. */
export class RunningComparisons {
  readonly #running = new Set<RunningComparison>()

  /** Adds a comparison, which is to be ended. */
  begin(named: Named): RunningComparison {
    const running = new RunningComparison(named, () => this.#running.delete(running))
    this.#running.add(running)
    return running
  }

  get tasks(): ComparisonTask[] {
    return [...this.#running].map(({ task }) => task)
  }
}

/** One comparison. */
export class RunningComparison {
  /** Removes it from the list; idempotent. */
  readonly end: () => void
  readonly #named: Named
  readonly #started = Date.now()
  #updated = this.#started
  #source = 0
  #target = 0
  #differences = 0

  constructor(named: Named, end: () => void) {
    this.#named = named
    this.end = end
  }

  /** Takes in a line of the comparison. */
  note(line: ComparisonLine): void {
    if ('progress' in line) {
      this.#source = line.progress.source_documents
      this.#target = line.progress.target_documents
    } else if ('id' in line) this.#differences += 1
    this.#updated = Date.now()
  }

  get task(): ComparisonTask {
    const { total_documents: total } = this.#named
    const done = Math.max(this.#source, this.#target)
    return {
      type: 'comparison',
      ...this.#named,
      source_documents: this.#source,
      target_documents: this.#target,
      differences: this.#differences,
      progress: total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100)),
      started_on: Math.floor(this.#started / 1000),
      updated_on: Math.floor(this.#updated / 1000),
    }
  }
}
