import { asDocId } from '../../protocol/document-id.ts'
import { isDatabaseName } from '../../protocol/database-name.ts'
import { type DocumentState, documentState } from './document-states.ts'
import { jobJson, taskJson } from './job-json.ts'
import type { Replicator } from './replicator.ts'
import { retryFailures } from './retry-failures.ts'

/** The jobs that are asked for; without a database no documents' states. */
export interface ReportedJobs {
  readonly database?: string
  readonly id?: string
}

/** The jobs that one node of a cluster runs, as the interfaces for operators show them. */
export interface JobsReport {
  /** Entries of `_scheduler/jobs`. */
  readonly jobs: readonly { readonly id: string }[]
  /** Entries of `_active_tasks`, with the members that CouchDB does not have apart. */
  readonly tasks: readonly { readonly plain: object; readonly withLag: object }[]
  /** Entries of `_scheduler/docs` by their documents. */
  readonly documents: readonly (readonly [id: string, state: DocumentState])[]
}

/** Answers questions of the other nodes of a cluster about the jobs of this one. */
export class JobsReporter {
  readonly #replicator: Replicator

  constructor(replicator: Replicator) {
    this.#replicator = replicator
  }

  /** Returns what this node runs. */
  async report({ database, id }: ReportedJobs): Promise<JobsReport> {
    const { scheduler, display } = this.#replicator
    const running = scheduler.jobs.filter(({ state }) => state === 'running')
    return {
      jobs: scheduler.jobs.map(job => jobJson(job, display)) as (object & { id: string })[],
      tasks: running.map(job => ({
        plain: taskJson(job, display, false),
        withLag: taskJson(job, display, true),
      })),
      documents: database === undefined ? [] : await this.#documents(database, id),
    }
  }

  /** Offers again what the target of a document's job refused. @returns undefined where this node does not run it */
  async retry({ database: name, id }: Required<ReportedJobs>): Promise<object | undefined> {
    const job = await this.#replicator.documents.job(name, id)
    if (job === undefined || !isDatabaseName(name)) return undefined
    return retryFailures(this.#replicator, await this.#replicator.catalog.open(name), job.id)
  }

  async #documents(name: string, id: string | undefined): Promise<JobsReport['documents']> {
    const found: [string, DocumentState][] = []
    const jobs = (await this.#replicator.documents.all()).get(name) ?? []
    if (jobs.length === 0 || !isDatabaseName(name)) return found
    const database = await this.#replicator.catalog.open(name)
    for (const job of jobs) {
      if (id !== undefined && job.id !== asDocId(id)) continue
      const state = await documentState(database, job.id, job, this.#replicator.display)
      if (state !== null) found.push([job.id, state])
    }
    return found
  }
}
