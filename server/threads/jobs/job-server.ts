import type { MessagePort } from 'node:worker_threads'
import { fail } from '../../../protocol/errors.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import { collectWhenIdle } from '../../node/idle-collection.ts'
import { PeerOpener } from '../../replication/peer-places.ts'
import { Follower } from '../following/follower.ts'
import type { RunReport, ToJob } from '../job-messages.ts'
import type { FollowerData, ToJobs } from '../messages.ts'
import { askedRegistry } from './asked-registry.ts'
import { RunningJob } from './running-job.ts'

/** Runs that stand otherwise than before are told at least so often. */
const REPORT_MS = 200

/** The thread that runs replications: peers are asked, and documents read and parsed, here; the store thread writes. */
export class JobServer {
  readonly #port: MessagePort
  readonly #follower: Follower
  readonly #opener: PeerOpener
  readonly #jobs = new Map<number, RunningJob>()
  readonly #report: NodeJS.Timeout
  readonly #stopCollection: () => void
  /** Messages of the server take effect one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(port: MessagePort, data: FollowerData) {
    this.#port = port
    // Which databases are moved without HTTP has been decided before.
    this.#follower = new Follower(port, data, { isPlain: () => true, elsewhere: () => fail('noDatabase') })
    const { config, catalog, storeThread } = this.#follower
    this.#opener = new PeerOpener({
      config,
      catalog,
      watch: database => this.#follower.watch(database),
      hasNoAttachments: true,
      outgoing: askedRegistry(storeThread),
      userNow: async account => (await storeThread.ask({ kind: 'job_user', account })) as UserContext,
    })
    this.#report = setInterval(() => this.#tellReports(), REPORT_MS)
    this.#stopCollection = collectWhenIdle()
  }

  start(): Promise<void> {
    const started = this.#start()
    this.#turn = started.catch(() => undefined)
    return started
  }

  async #start(): Promise<void> {
    await this.#follower.store.open()
    this.#follower.storeThread.send({ kind: 'ready' })
  }

  /** Takes a message of the store thread. */
  take(message: ToJobs): void {
    if (message.kind === 'answers') return this.#follower.answered(message)
    if ('job' in message) return this.#takeJob(message)
    this.#turn = this.#turn
      .then(() => (message.kind === 'end' ? this.#end() : this.#follower.obey(message)))
      .then(() => {
        if ('number' in message)
          this.#follower.storeThread.send({ kind: 'acknowledged', number: message.number })
      })
  }

  #takeJob(message: ToJob): void {
    const { job } = message
    switch (message.kind) {
      case 'open_job': {
        const { storeThread } = this.#follower
        this.#jobs.set(job, new RunningJob(message, this.#opener, storeThread))
        return
      }
      case 'job_step':
        return this.#jobs.get(job)?.step(message.step)
      case 'abort_job':
        return this.#jobs.get(job)?.abort()
      case 'close_job':
        void this.#jobs.get(job)?.close()
        this.#jobs.delete(job)
    }
  }

  #tellReports(): void {
    const reports: (readonly [job: number, report: RunReport])[] = []
    for (const [number, job] of this.#jobs) {
      const report = job.news()
      if (report !== undefined) reports.push([number, report])
    }
    if (reports.length > 0) this.#follower.storeThread.send({ kind: 'job_reports', reports })
  }

  async #end(): Promise<void> {
    clearInterval(this.#report)
    this.#stopCollection()
    for (const job of this.#jobs.values()) job.abort()
    await this.#opener.close()
    await this.#follower.close()
    this.#port.close()
  }
}
