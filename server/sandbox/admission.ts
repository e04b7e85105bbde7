/** Kind of work that waits for a job, in order of precedence: a write, another request, an index build in the background. */
export type Lane = 'validation' | 'request' | 'background'

/** A job that runs, or is to run. */
export interface Admitted {
  readonly lane: Lane
  /** The database. */
  readonly owner: string
}

/** Workers beyond the usual number: one for databases that have none, and one for writes. */
export const EXTRA_WORKERS = 2

/**
 * Decides which lane may have a worker next, of `size` and EXTRA_WORKERS. No database can take all of them:
 * - index builds leave one of `size` to requests,
 * - requests of a database that has a worker leave one to those that have none,
 * - requests and builds leave one to validations, and the validations of one database leave one to those of others.
 */
export class Admission {
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  mayRun({ lane, owner }: Admitted, running: readonly Admitted[]): boolean {
    const ofOwner = running.filter(job => job.owner === owner).length
    if (lane === 'validation') return running.length < this.#size + EXTRA_WORKERS && ofOwner <= this.#size
    const others = running.filter(job => job.lane !== 'validation')
    if (lane === 'request')
      return others.length < this.#size || (others.length === this.#size && ofOwner === 0)
    const builds = running.filter(job => job.lane === 'background').length
    return others.length < this.#size && builds < Math.max(1, this.#size - 1)
  }
}
