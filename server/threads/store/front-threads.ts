import type { LostKeys } from '../../storage/leveldb/table-file.ts'
import type { DestinationStream, Logger } from 'pino'
import { asDatabaseName } from '../../../protocol/database-name.ts'
import { fail } from '../../../protocol/errors.ts'
import type { UserDirectory } from '../../auth/user-directory.ts'
import { ClientLimits } from '../../concurrency/client-limits.ts'
import { type Count, type CountName, SharedCounts } from '../../concurrency/shared-count.ts'
import type { Config } from '../../config/config.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { CommitSubscriber } from '../../database/commit/commit-record.ts'
import type { Database } from '../../database/database.ts'
import type { RequestHandler } from '../../http/connection/listener.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Quorum } from '../../mesh/quorum.ts'
import type { Replicator } from '../../replication/replicator.ts'
import type { Ask, FollowerData, FrontThreadData, NamedDatabase, PackedWrites } from '../messages.ts'
import type { JobQuestion } from '../job-messages.ts'
import { duplicateDescriptor, type OwnedSocket } from '../../http/connection/duplicate-descriptor.ts'
import { unpackDocuments } from '../packed-documents.ts'
import { answerQuestion, answerWith, answerWrite } from './answer-question.ts'
import { FollowingThread, type FromThread, type Numbered } from './following-thread.ts'
import { LinkListener } from './link-listener.ts'
import { ThreadedJobs } from './threaded-jobs.ts'
import type { JobThread } from './threaded-run.ts'

export interface FrontThreadsOptions {
  /** Number of threads. */
  readonly threads: number
  readonly store: FrontThreadData['store']
  readonly config: Config
  readonly metrics: Metrics
  readonly log: Logger
  /** Destination of their log lines. */
  readonly logStream: DestinationStream
  readonly logLevel: string | undefined
  readonly serverHeader: string
  /** Has every request answered by the store thread: traces are made there. */
  readonly forwardsAll: boolean
}

/** Parts of the server that front threads need once it listens. */
export interface FrontThreadsHost {
  readonly catalog: Catalog
  readonly users: UserDirectory
  readonly replicator: Replicator
  readonly quorum: Pick<Quorum, 'write'>
  readonly handle: RequestHandler
  /** The listening socket: each thread, and the one that starts them, gets a duplicate of its own. */
  readonly descriptor: number
}

/** The row of shared counts that is this thread's. */
const STORE_THREAD = 0

/** A thread that ends by itself is started again so much later. */
const RESTART_MS = 1000

/**
 * The threads that take connections and answer reads, as the thread with the writers has them: it tells them, in order and
 * waiting for their word, what withdraws rights, and answers what they forward.
 */
export class FrontThreads {
  readonly #counts: SharedCounts
  /** The requests of each client, in all threads. */
  readonly clientLimits: ClientLimits
  readonly #options: FrontThreadsOptions
  readonly #threads = new Set<FollowingThread>()
  /** Replications, which a thread of their own runs. */
  readonly jobs = new ThreadedJobs(() => this.#startJobThread())
  #host: FrontThreadsHost | undefined
  #link: LinkListener | undefined
  /** Keeps the address for threads that are started again. */
  #socket: OwnedSocket | undefined
  #epoch = 0
  #isStoreOpen = true
  readonly #lost: LostKeys[] = []
  #isStopping = false

  constructor(options: FrontThreadsOptions) {
    this.#options = options
    this.#counts = new SharedCounts(options.threads + 1)
    this.clientLimits = new ClientLimits(options.threads + 1, STORE_THREAD)
    const { config, metrics } = options
    config.followedBy({ changed: () => this.#configChanged(), whenFollowed: () => this.whenFollowed() })
    metrics.refresh = () => this.#collectCounts()
  }

  /** Returns a count of all threads, to which this one adds. */
  count(name: CountName): Count {
    return this.#counts.of(STORE_THREAD, name)
  }

  /** Feeds that are open in front threads. */
  get feeds(): number {
    return [...this.#threads].reduce((sum, { feeds }) => sum + feeds, 0)
  }

  /** Starts the threads; resolves when all take connections. */
  async start(host: FrontThreadsHost): Promise<void> {
    this.#host = host
    const { config, threads } = this.#options
    this.#socket = await duplicateDescriptor(host.descriptor)
    this.#link = await LinkListener.open({ config, handle: host.handle, epoch: () => this.#epoch })
    await Promise.all(Array.from({ length: threads }, (_, at) => this.#startFront(at + 1)))
  }

  /** Ends what was approved of credentials, and looks again at whoever reads a feed. */
  usersChanged(): void {
    this.#epoch += 1
    this.#order({ kind: 'users_changed', epoch: this.#epoch })
  }

  /** Follows the commits of a database for the threads. */
  subscriberFor(database: Database, isUsers: () => boolean): CommitSubscriber {
    const { number } = database.record
    const securityChanged = (): void => this.#order({ kind: 'security_changed', database: number })
    return {
      apply: ({ security }) => {
        if (security !== undefined) securityChanged()
        if (isUsers()) this.usersChanged()
        for (const thread of this.#threads) thread.advanced(number)
      },
      reload: () => {
        securityChanged()
        if (isUsers()) this.usersChanged()
      },
      close: () => {
        if (isUsers()) this.usersChanged()
        for (const thread of this.#threads) thread.send({ kind: 'database_closed', database: number })
      },
    }
  }

  /** Resolves when everything that was told until now holds in all threads; undefined where it does. */
  whenFollowed(): Promise<void> | undefined {
    const waiting = [...this.#threads].map(thread => thread.whenAcknowledged())
    const open = waiting.filter(one => one !== undefined)
    return open.length === 0 ? undefined : Promise.all(open).then(() => undefined)
  }

  /** Has all threads close the store, before it is closed here, or open it again: until then they forward everything. */
  async followStore(kind: 'close_store' | 'open_store'): Promise<void> {
    this.#isStoreOpen = kind === 'open_store'
    this.#order({ kind })
    await this.whenFollowed()
  }

  /** Has all threads, those that start later too, refuse reads of what damaged tables have. */
  keysLost(keys: readonly LostKeys[]): void {
    this.#lost.push(...keys)
    this.#order({ kind: 'keys_lost', keys })
  }

  /** Takes no more connections; requests that run go on. Idempotent. */
  stop(): void {
    this.#isStopping = true
    for (const thread of this.#threads) thread.send({ kind: 'stop' })
    this.#socket?.close()
    this.#socket = undefined
  }

  /** Ends the connections that are left, and the threads. Idempotent. */
  async close(): Promise<void> {
    this.stop()
    await this.#collectCounts()
    await Promise.all([...this.#threads].map(thread => thread.end()))
    await this.#link?.close()
    this.#link = undefined
  }

  #order(message: Numbered): void {
    for (const thread of this.#threads) thread.order(message)
  }

  #configChanged(): void {
    this.#order({ kind: 'config_changed', values: this.#options.config.all() })
    this.usersChanged()
  }

  async #collectCounts(): Promise<void> {
    this.#order({ kind: 'report' })
    await this.whenFollowed()
  }

  #startFront(row: number): Promise<FollowingThread> {
    const { serverHeader, forwardsAll } = this.#options
    const data: FrontThreadData = {
      ...this.#followerData(),
      link: this.#link!.link,
      descriptor: this.#socket!.fd,
      serverHeader,
      forwardsAll,
      epoch: this.#epoch,
      counts: this.#counts.buffer,
      clients: this.clientLimits.buffer,
      thread: row,
    }
    return this.#startThread('front', row, data, thread => this.#frontEnded(thread))
  }

  async #startJobThread(): Promise<JobThread> {
    if (this.#isStopping) throw new Error('the server stops')
    const ended = (): void => this.jobs.ended()
    const thread = await this.#startThread('jobs', STORE_THREAD, this.#followerData(), ended)
    return { sendJob: message => thread.send(message) }
  }

  #followerData(): FollowerData {
    const { config, store, logLevel } = this.#options
    return { config: config.all(), store, logLevel }
  }

  /** Resolves when the thread is ready. */
  #startThread(
    program: 'front' | 'jobs',
    row: number,
    data: FollowerData,
    ended: (thread: FollowingThread) => void,
  ): Promise<FollowingThread> {
    return new Promise((resolve, reject) => {
      const thread: FollowingThread = new FollowingThread({
        program,
        row,
        data,
        timeoutMs: () => this.#options.config.integer('couchette', 'thread_timeout'),
        onMessage: message => {
          if (message.kind === 'ready') resolve(thread)
          else this.#take(thread, message)
        },
        onEnd: error => {
          this.#threads.delete(thread)
          if (!this.#isStopping)
            this.#options.log.error({ err: error, program, row }, 'a thread ended by itself')
          ended(thread)
          reject(error ?? new Error('a thread ended before it was ready'))
        },
      })
      this.#threads.add(thread)
      if (!this.#isStoreOpen) thread.order({ kind: 'close_store' })
      if (this.#lost.length > 0) thread.order({ kind: 'keys_lost', keys: this.#lost })
    })
  }

  #frontEnded({ row }: FollowingThread): void {
    this.#counts.clear(row)
    this.clientLimits.clear(row)
    if (this.#isStopping) return
    setTimeout(() => {
      if (!this.#isStopping) this.#startFront(row).catch(() => undefined)
    }, RESTART_MS).unref()
  }

  #take(thread: FollowingThread, message: FromThread): void {
    switch (message.kind) {
      case 'log':
        for (const line of message.lines) this.#options.logStream.write(line)
        return
      case 'counted': {
        const { metrics } = this.#options
        for (const [path, by] of message.counters) metrics.count(path, by)
        metrics.requestTime.addAll(message.requestTime)
        thread.feeds = message.feeds
        return
      }
      case 'asks':
        return this.#answerAll(thread, message.asks, message.writes)
      case 'ready':
        return
      case 'job_done':
      case 'job_event':
      case 'job_reports':
        return this.jobs.take(message)
    }
  }

  #answerAll(thread: FollowingThread, asks: readonly Ask[], packed: PackedWrites | undefined): void {
    const { users, replicator, quorum } = this.#host!
    const ofJobs = (question: JobQuestion): Promise<unknown> => this.jobs.answer(question, replicator)
    const open = (database: NamedDatabase): Promise<Database> => this.#open(database)
    const { watched } = thread
    for (const { id, question } of asks) {
      void answerWith(thread, id, answerQuestion(question, { open, users, watched, ofJobs, quorum }))
    }
    if (packed === undefined) return
    const documents = unpackDocuments(packed.documents)
    let end = 0
    for (const write of packed.writes) {
      const own = packed.writes.length === 1 ? documents : documents.slice(end, end + write.count)
      end += write.count
      void answerWith(thread, write.id, answerWrite(write, own, { open }))
    }
  }

  async #open({ name, number }: NamedDatabase): Promise<Database> {
    const database = await this.#host!.catalog.open(asDatabaseName(name))
    if (database.record.number !== number) throw fail('noDatabase')
    return database
  }
}
