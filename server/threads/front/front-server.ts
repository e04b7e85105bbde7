import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MessagePort } from 'node:worker_threads'
import type { DatabaseName } from '../../../protocol/database-name.ts'
import { AnsweredElsewhere } from '../../app/answered-elsewhere.ts'
import { requestHandler } from '../../app/request-handler.ts'
import { RevocableRequests } from '../../auth/revocable-requests.ts'
import type { UserRecord } from '../../auth/user-record.ts'
import { usersDatabase } from '../../auth/users/directory.ts'
import { OpenFeeds } from '../../changes/live/open-feeds.ts'
import { ClientLimits } from '../../concurrency/client-limits.ts'
import { SharedCounts } from '../../concurrency/shared-count.ts'
import type { Config } from '../../config/config.ts'
import { type Listener, listenPlain } from '../../http/connection/listener.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { bodyLimits, BodyMemory } from '../../http/request/body-memory.ts'
import { unreadLimits } from '../../http/response/unread-limits.ts'
import { createReadQueues } from '../../http/response/read-queues.ts'
import { UnreadAnswers } from '../../http/response/unread-answers.ts'
import { componentLog } from '../../log/log.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { collectWhenIdle } from '../../node/idle-collection.ts'
import { Uuids } from '../../node/uuids.ts'
import { duplicateDescriptor } from '../../http/connection/duplicate-descriptor.ts'
import { askedQuorum } from '../following/asked-quorum.ts'
import { Follower } from '../following/follower.ts'
import type { AccountState, Approval, FrontThreadData, ToFront } from '../messages.ts'
import { ApprovedUsers } from './approved-users.ts'
import { Forwarder } from './forward.ts'
import { frontServices, type OwnServices } from './front-services.ts'
import { isServedHere } from './served-here.ts'

/** Counts are told at least so often. */
const REPORT_MS = 1000

/** A front thread: takes connections, answers reads of plain databases from the store, and forwards everything else. */
export class FrontServer {
  readonly #data: FrontThreadData
  readonly #port: MessagePort
  readonly #follower: Follower
  readonly #metrics = new Metrics()
  readonly #users: ApprovedUsers
  readonly #live: RevocableRequests
  readonly #feeds: OpenFeeds
  readonly #forwarder: Forwarder
  readonly #counts: SharedCounts
  readonly #report: NodeJS.Timeout
  readonly #stopCollection: () => void
  #listener: Listener | undefined
  /** Messages take effect one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(port: MessagePort, data: FrontThreadData) {
    this.#port = port
    this.#data = data
    const elsewhere = (name: DatabaseName): Error => new AnsweredElsewhere(`database ${name}`)
    this.#follower = new Follower(port, data, { isPlain, elsewhere })
    const { log, config } = this.#follower
    const feedLog = componentLog(log, 'feeds')
    this.#counts = new SharedCounts(data.counts)
    this.#users = new ApprovedUsers(config, this.#metrics, data.epoch)
    this.#live = new RevocableRequests({ find: name => this.#find(name) })
    this.#feeds = new OpenFeeds(
      error => feedLog.warn({ err: error }, 'a feed failed'),
      database => void this.#follower.watch(database),
    )
    this.#forwarder = new Forwarder(data.link, (req, approval) => this.#approve(req, approval))
    this.#report = setInterval(() => this.#tellCounts(), REPORT_MS)
    this.#stopCollection = collectWhenIdle()
  }

  /** Opens the store and takes connections; messages that come meanwhile wait. */
  start(): Promise<void> {
    const started = this.#start()
    // Where it fails the thread ends, and its messages with it.
    this.#turn = started.catch(() => undefined)
    return started
  }

  async #start(): Promise<void> {
    const { store, config, storeThread } = this.#follower
    await store.open()
    const handle = requestHandler(frontServices(this.#services()), {
      elsewhere: (req, res) => this.#forwarder.forward(req, res),
    })
    const { forwardsAll } = this.#data
    const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
      if (!forwardsAll && store.isOpen && isServedHere(req, config)) handle(req, res)
      else this.#forwarder.forward(req, res)
    }
    const socket = await duplicateDescriptor(this.#data.descriptor)
    const connections = this.#counts.of(this.#data.thread, 'connections')
    this.#listener = await listenPlain(config, onRequest, socket, connections)
    storeThread.send({ kind: 'ready' })
  }

  /** Takes a message of the store thread; each holds before the next is taken. */
  take(message: ToFront): void {
    // A message that is being carried out may wait for answers.
    if (message.kind === 'answers') return this.#follower.answered(message)
    this.#turn = this.#turn
      .then(() => this.#obey(message))
      .then(() => {
        if ('number' in message)
          this.#follower.storeThread.send({ kind: 'acknowledged', number: message.number })
      })
  }

  async #obey(message: Exclude<ToFront, { kind: 'answers' }>): Promise<void> {
    switch (message.kind) {
      case 'users_changed':
        this.#users.begin(message.epoch)
        return this.#live.usersChanged()
      case 'security_changed':
        return this.#securityChanged(message.database)
      case 'open_store':
        await this.#follower.obey(message)
        for (const number of this.#follower.catalog.numbers) this.#securityChanged(number)
        return
      case 'report':
        return this.#tellCounts()
      case 'stop':
        void this.#listener?.stop()
        return
      case 'end':
        return this.#end()
      case 'config_changed':
      case 'close_store':
      case 'keys_lost':
      case 'advanced':
      case 'database_closed':
        return this.#follower.obey(message)
    }
  }

  #services(): OwnServices {
    const { config, log, catalog } = this.#follower
    const { thread, serverHeader, clients } = this.#data
    const queues = createReadQueues(config)
    return {
      config,
      metrics: this.#metrics,
      log: componentLog(log, 'http'),
      serverHeader,
      restart: undefined,
      tracing: undefined,
      // Nodes of a cluster have one thread.
      cluster: undefined,
      clientLimits: new ClientLimits(clients, thread),
      live: this.#live,
      feeds: this.#feeds,
      bodies: new BodyMemory(() => bodyLimits(config), this.#counts.of(thread, 'bodies')),
      unreadAnswers: new UnreadAnswers(() => unreadLimits(config), this.#counts.of(thread, 'unread')),
      readQueue: queues.reads,
      filterQueue: queues.filters,
      uuids: new Uuids(config),
      catalog,
      authenticator: this.#users,
      quorum: { write: askedQuorum(this.#follower.storeThread) },
      replicator: { access: { accountOf: () => undefined }, loginOrigins: { of: () => undefined } },
    }
  }

  #approve(req: IncomingMessage, approval: Approval): void {
    const { headers } = req
    this.#users.approve(
      {
        header: name => headers[name] as string | undefined,
        peer: peerOf(req, this.#follower.config),
      },
      approval,
    )
  }

  /** The store thread knows users; here their roles are enough, and whether they have the same password. */
  async #find(name: string): Promise<UserRecord | undefined> {
    const asked = this.#follower.storeThread.ask({ kind: 'account', user: name })
    const account = (await asked) as AccountState | undefined
    return account && { ...account, name, password: undefined, totp: undefined, rev: undefined }
  }

  #securityChanged(number: number): void {
    const { store, catalog } = this.#follower
    if (!store.isOpen) return
    const database = catalog.follow(number)
    if (database !== undefined) this.#live.securityChanged(database, database.security)
  }

  #tellCounts(): void {
    const counters = this.#metrics.take()
    const requestTime = this.#metrics.requestTime.take()
    this.#follower.storeThread.send({ kind: 'counted', counters, requestTime, feeds: this.#feeds.count })
  }

  async #end(): Promise<void> {
    clearInterval(this.#report)
    this.#stopCollection()
    // Feeds end with their databases.
    await this.#follower.catalog.close()
    this.#listener?.cut()
    await this.#listener?.stop()
    this.#forwarder.close()
    await this.#follower.close()
    this.#port.close()
  }
}

/** Returns whether the documents of a database are what was written, and may be read by its members. */
function isPlain(name: DatabaseName, config: Config): boolean {
  return !name.includes('/') && !name.startsWith('_') && name !== usersDatabase(config)
}
