import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MessagePort } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { DatabaseName } from '../../../protocol/database-name.ts'
import { AnsweredElsewhere } from '../../app/answered-elsewhere.ts'
import { createApp } from '../../app/app.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import { RevocableRequests } from '../../auth/revocable-requests.ts'
import type { UserRecord } from '../../auth/user-record.ts'
import { usersDatabase } from '../../auth/users/directory.ts'
import { OpenFeeds } from '../../changes/live/open-feeds.ts'
import { ClientLimits } from '../../concurrency/client-limits.ts'
import { SharedCounts } from '../../concurrency/shared-count.ts'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/database.ts'
import { FollowedCatalog } from '../../database/following/followed-catalog.ts'
import { type Listener, listenPlain } from '../../http/connection/listener.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { BodyMemory } from '../../http/request/body-memory.ts'
import { unreadLimits } from '../../http/response/unread-limits.ts'
import { createReadQueues } from '../../http/response/read-queues.ts'
import { UnreadAnswers } from '../../http/response/unread-answers.ts'
import { componentLog, createLog } from '../../log/log.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { Uuids } from '../../node/uuids.ts'
import { FollowedStore } from '../../storage/followed-store.ts'
import { duplicateDescriptor } from '../duplicate-descriptor.ts'
import type { AccountState, Approval, FrontThreadData, ToFront } from '../messages.ts'
import { ApprovedUsers } from './approved-users.ts'
import { askedRanks } from './asked-ranks.ts'
import { askedWrites } from './asked-writes.ts'
import { FollowedConfig } from './followed-config.ts'
import { Forwarder } from './forward.ts'
import { type FrontLogStream, frontLogStream } from './front-log.ts'
import { frontServices, type OwnServices } from './front-services.ts'
import { isServedHere } from './served-here.ts'
import { StoreThread } from './store-thread.ts'

/** Counts are told at least so often. */
const REPORT_MS = 1000

/** A front thread: takes connections, answers reads of plain databases from the store, and forwards everything else. */
export class FrontServer {
  readonly #data: FrontThreadData
  readonly #port: MessagePort
  readonly #storeThread: StoreThread
  readonly #store: FollowedStore
  readonly #config: FollowedConfig
  readonly #metrics = new Metrics()
  readonly #logStream: FrontLogStream
  readonly #log: Logger
  readonly #users: ApprovedUsers
  readonly #catalog: FollowedCatalog
  /** Numbers of databases of whose changes the store thread tells. */
  readonly #watched = new Set<number>()
  readonly #live: RevocableRequests
  readonly #feeds: OpenFeeds
  readonly #forwarder: Forwarder
  readonly #counts: SharedCounts
  readonly #report: NodeJS.Timeout
  #listener: Listener | undefined
  /** Messages take effect one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(port: MessagePort, data: FrontThreadData) {
    this.#port = port
    this.#data = data
    this.#storeThread = new StoreThread(port)
    this.#config = new FollowedConfig(data.config)
    this.#logStream = frontLogStream(lines => this.#storeThread.send({ kind: 'log', lines }))
    const log = createLog(this.#wholeConfig, this.#logStream, data.logLevel)
    this.#log = componentLog(log, 'http')
    const feedLog = componentLog(log, 'feeds')
    this.#store = new FollowedStore(data.store.directory, data.store.dataKey)
    this.#counts = new SharedCounts(data.counts)
    this.#users = new ApprovedUsers(this.#config, this.#metrics, data.epoch)
    this.#live = new RevocableRequests({ find: name => this.#find(name) })
    this.#feeds = new OpenFeeds(
      error => feedLog.warn({ err: error }, 'a feed failed'),
      database => void this.#watch(database),
    )
    this.#catalog = new FollowedCatalog({
      store: this.#store,
      // No route that is served here reads attachments.
      attachments: undefined as unknown as Attachments,
      hooks: {
        ranksOf: database => askedRanks(database, this.#storeThread),
        writeElsewhereFor: database => askedWrites(database, this.#storeThread),
      },
      isPlain: name => this.#isPlain(name),
      elsewhere: name => new AnsweredElsewhere(`database ${name}`),
    })
    this.#forwarder = new Forwarder(data.link, (req, approval) => this.#approve(req, approval))
    this.#report = setInterval(() => this.#tellCounts(), REPORT_MS)
  }

  /** Opens the store and takes connections; messages that come meanwhile wait. */
  start(): Promise<void> {
    const started = this.#start()
    // Where it fails the thread ends, and its messages with it.
    this.#turn = started.catch(() => undefined)
    return started
  }

  async #start(): Promise<void> {
    await this.#store.open()
    const handle = createApp(frontServices(this.#services()), {
      elsewhere: (req, res) => this.#forwarder.forward(req, res),
    }).callback()
    const { forwardsAll } = this.#data
    const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
      if (!forwardsAll && this.#store.isOpen && isServedHere(req, this.#wholeConfig)) void handle(req, res)
      else this.#forwarder.forward(req, res)
    }
    const socket = await duplicateDescriptor(this.#data.descriptor)
    const connections = this.#counts.of(this.#data.thread, 'connections')
    this.#listener = await listenPlain(this.#wholeConfig, onRequest, socket, connections)
    this.#storeThread.send({ kind: 'listening' })
  }

  /** Takes a message of the store thread; each holds before the next is taken. */
  take(message: ToFront): void {
    if (message.kind === 'answers') {
      // A message that is being carried out may wait for one.
      for (const answer of message.answers) this.#storeThread.answered(answer)
      return
    }
    this.#turn = this.#turn
      .then(() => this.#obey(message))
      .then(() => {
        if ('number' in message) this.#storeThread.send({ kind: 'acknowledged', number: message.number })
      })
  }

  async #obey(message: Exclude<ToFront, { kind: 'answers' }>): Promise<void> {
    switch (message.kind) {
      case 'users_changed':
        this.#users.begin(message.epoch)
        return this.#live.usersChanged()
      case 'config_changed':
        return this.#config.follow(message.values)
      case 'security_changed':
        return this.#securityChanged(message.database)
      case 'close_store':
        return this.#store.close()
      case 'open_store':
        return this.#openStore()
      case 'report':
        return this.#tellCounts()
      case 'advanced':
        if (this.#store.isOpen) this.#catalog.follow(message.database)
        return
      case 'database_closed':
        this.#watched.delete(message.database)
        return this.#catalog.forget(message.database)
      case 'stop':
        void this.#listener?.stop()
        return
      case 'end':
        return this.#end()
    }
  }

  /** The configuration for those who only read it. */
  get #wholeConfig(): Config {
    return this.#config as unknown as Config
  }

  #services(): OwnServices {
    const config = this.#wholeConfig
    const { thread, serverHeader } = this.#data
    const queues = createReadQueues(config)
    return {
      config,
      metrics: this.#metrics,
      log: this.#log,
      serverHeader,
      restart: undefined,
      tracing: undefined,
      clientLimits: new ClientLimits(),
      live: this.#live,
      feeds: this.#feeds,
      bodies: new BodyMemory(
        () => config.integer('couchette', 'max_body_memory'),
        this.#counts.of(thread, 'bodies'),
      ),
      unreadAnswers: new UnreadAnswers(() => unreadLimits(config), this.#counts.of(thread, 'unread')),
      readQueue: queues.reads,
      filterQueue: queues.filters,
      uuids: new Uuids(config),
      catalog: this.#catalog,
      authenticator: this.#users,
      replicator: { access: { accountOf: () => undefined }, loginOrigins: { of: () => undefined } },
    }
  }

  /** Databases whose documents are what was written, and may be read by their members. */
  #isPlain(name: DatabaseName): boolean {
    return !name.includes('/') && !name.startsWith('_') && name !== usersDatabase(this.#wholeConfig)
  }

  #approve(req: IncomingMessage, approval: Approval): void {
    const { headers } = req
    this.#users.approve(
      {
        header: name => headers[name] as string | undefined,
        peer: peerOf(req, this.#wholeConfig),
      },
      approval,
    )
  }

  /** The store thread knows users; here their roles are enough, and whether they have the same password. */
  async #find(name: string): Promise<UserRecord | undefined> {
    const account = (await this.#storeThread.ask({ kind: 'account', user: name })) as AccountState | undefined
    return account && { ...account, name, password: undefined, totp: undefined, rev: undefined }
  }

  /** Has the store thread tell of a database's changes. What was committed before it knew of that is taken over then. */
  async #watch({ name, record: { number } }: Database): Promise<void> {
    if (this.#watched.has(number)) return
    this.#watched.add(number)
    try {
      await this.#storeThread.ask({ kind: 'watch', database: { name, number } })
      if (this.#store.isOpen) this.#catalog.follow(number)
    } catch {
      // The database is gone.
      this.#watched.delete(number)
      await this.#catalog.forget(number)
    }
  }

  #securityChanged(number: number): void {
    if (!this.#store.isOpen) return
    const database = this.#catalog.follow(number)
    if (database !== undefined) this.#live.securityChanged(database, database.security)
  }

  /** Opens the store again, and takes over what went by meanwhile. */
  async #openStore(): Promise<void> {
    await this.#store.open()
    for (const number of this.#catalog.numbers) this.#securityChanged(number)
  }

  #tellCounts(): void {
    const counters = this.#metrics.take()
    const requestTime = this.#metrics.requestTime.take()
    this.#storeThread.send({ kind: 'counted', counters, requestTime, feeds: this.#feeds.count })
  }

  async #end(): Promise<void> {
    clearInterval(this.#report)
    await this.#catalog.close()
    this.#listener?.cut()
    await this.#listener?.stop()
    this.#forwarder.close()
    await this.#store.close()
    this.#logStream.flush()
    this.#port.close()
  }
}
