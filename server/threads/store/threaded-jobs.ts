import type { JobPeers } from '../../../replicator/job-spec.ts'
import type { Replicator } from '../../replication/replicator.ts'
import type { PlacedJob } from '../../replication/peer-places.ts'
import type { FromJob, JobQuestion } from '../job-messages.ts'
import { type JobThread, ThreadedRun } from './threaded-run.ts'

/** The runs of replications that another thread carries out. It is started with the first, and again where it has ended. */
export class ThreadedJobs {
  readonly #runs = new Map<number, ThreadedRun>()
  readonly #startThread: () => Promise<JobThread>
  #thread: Promise<JobThread> | undefined
  #next = 1

  /** @param startThread resolves when the thread is ready; `ended` is called with what ends it */
  constructor(startThread: () => Promise<JobThread>) {
    this.#startThread = startThread
  }

  /** Returns the peers of a job, whose runs are carried out by the thread. */
  peersOf(peers: JobPeers, job: PlacedJob): JobPeers {
    const makeRun: JobPeers['makeRun'] = events => {
      const number = this.#next++
      const ended = (): void => void this.#runs.delete(number)
      const run = new ThreadedRun({ number, job, events, thread: () => this.#ready(), ended })
      this.#runs.set(number, run)
      return run
    }
    return { ...peers, makeRun }
  }

  take(message: FromJob): void {
    if (message.kind !== 'job_reports') return this.#runs.get(message.job)?.take(message)
    for (const [job, report] of message.reports) this.#runs.get(job)?.report(report)
  }

  /** Answers what the thread asks. @throws where the user of a job may not log in any more */
  async answer(question: JobQuestion, replicator: Replicator): Promise<unknown> {
    switch (question.kind) {
      case 'job_user':
        return replicator.users.current(question.account)
      case 'job_refusals':
        return this.#runs.get(question.job)?.events.refusedOf?.(question.ids.map(id => ({ id }))) ?? []
      case 'job_before_checkpoint':
        return this.#runs.get(question.job)?.events.beforeCheckpoint?.()
      case 'connection_opened':
        return replicator.loginOrigins.outgoing.opened(question.ends)
      case 'connection_closed':
        return replicator.loginOrigins.outgoing.closed(question.ends)
    }
  }

  /** The thread has ended: its runs crash, and are started again as their jobs have it. */
  ended(): void {
    this.#thread = undefined
    for (const run of this.#runs.values()) run.lost()
  }

  #ready(): Promise<JobThread> {
    this.#thread ??= this.#startThread().catch((error: unknown) => {
      this.#thread = undefined
      throw error
    })
    return this.#thread
  }
}
