import { isDatabaseName } from '../../protocol/database-name.ts'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { jobId } from '../../protocol/replication-id.ts'
import type { ReplicationOptions } from '../../protocol/replication-options.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import { ANONYMOUS } from '../../protocol/user-context.ts'
import type { Connections } from '../../replicator/http/connections.ts'
import { countStates, type JobState } from '../../replicator/job-state.ts'
import type { Job, JobPeers, JobSpec } from '../../replicator/job.ts'
import type { Peer } from '../../replicator/peer.ts'
import type { ReplicationResult } from '../../replicator/replication-plan.ts'
import { Scheduler } from '../../replicator/scheduler.ts'
import { NO_TRACER } from '../../replicator/tracer.ts'
import type { VerifyLimits } from '../../replicator/verification/verifier.ts'
import type { Catalog } from '../database/catalog.ts'
import { NODE_NAME } from '../node/node-name.ts'
import { identify } from './identify.ts'
import { InternalAccess } from './internal-access.ts'
import type { JobFactory, JobOrigin } from './job-factory.ts'
import { JobLog, logDocumentFailure } from './job-log.ts'
import { type Account, Accounts } from '../auth/accounts.ts'
import { JobMask, type SecretReader } from './job-mask.ts'
import { isSystemDatabase } from './is-system-database.ts'
import { transientVerification, verifyLimits } from './job-verification.ts'
import { countNotice, watchJobCounts } from './job-counts.ts'
import type { JobDisplay } from './job-json.ts'
import { localLogin } from './local-login.ts'
import { LoginOrigins } from './login-origins.ts'
import { ownDatabaseOf } from './own-url.ts'
import { type JobPlaces, type PeerPlace, PeerOpener } from './peer-places.ts'
import { identityOf, type ReplicatorHost } from './replicator-host.ts'
import { RunningComparisons } from './running-comparisons.ts'
import { ReplicatorDatabases } from './replicator-databases.ts'
import { hasStreamCredentials, type OwnDatabase, StreamJobs } from './stream-jobs.ts'
import { planLimits, planOptions, replicationDefaults, schedulerOptions } from './replication-settings.ts'
import { wakeJobs } from './wake-jobs.ts'

/** For names of databases in a request without a user. */
const NOBODY: Account = { user: ANONYMOUS }

/** All replications of a server. */
export class Replicator implements JobFactory {
  readonly users: Accounts
  readonly access: InternalAccess
  readonly loginOrigins = new LoginOrigins()
  readonly scheduler: Scheduler
  readonly comparisons = new RunningComparisons()
  /** The jobs that documents ask for. */
  readonly documents: ReplicatorDatabases
  /** Number of times a replication resumed before one of its checkpoints, since the start. */
  rewinds = 0
  readonly #host: ReplicatorHost
  readonly #verifyLimits: VerifyLimits
  readonly #opener: PeerOpener
  readonly #streams: StreamJobs
  readonly #secretOf: SecretReader
  #unlisten: (() => void) | undefined

  constructor(host: ReplicatorHost) {
    this.#host = host
    this.users = new Accounts(host.users)
    this.access = new InternalAccess(this.users, host.cluster?.secret)
    const { config, catalog } = host
    this.#secretOf = name => host.credentials.maskSecret(name)
    this.#streams = new StreamJobs({ config, catalog, users: this.users, secretOf: this.#secretOf })
    this.documents = new ReplicatorDatabases(host.catalog, this, host.cluster?.placement)
    this.scheduler = new Scheduler(schedulerOptions(host.config))
    this.#verifyLimits = verifyLimits(host.config)
    watchJobCounts(this, host.metrics)
    this.#opener = new PeerOpener({
      config: host.config,
      catalog: host.catalog,
      outgoing: this.loginOrigins.outgoing,
      traceHeaders: () => (host.tracer ?? NO_TRACER).headers(),
      userNow: account => this.users.current(account),
      mayWrite: host.cluster?.mayWrite,
    })
  }

  /** To peers, other than this server itself. */
  get connections(): Connections {
    return this.#opener.connections
  }

  get catalog(): Catalog {
    return this.#host.catalog
  }

  get defaults(): ReturnType<typeof replicationDefaults> {
    return replicationDefaults(this.#host.config)
  }

  /** Node and limit that lists of jobs show. */
  get display(): JobDisplay {
    return { node: this.#host.cluster?.node ?? NODE_NAME, stallMs: this.stallMs }
  }

  jobsByState(): Record<JobState, number> {
    return countStates(this.scheduler.jobs.map(({ state }) => state))
  }

  /** Milliseconds without progress although changes are pending, after which a job is stalled. */
  get stallMs(): number {
    return this.#host.config.integer('replicator', 'stall_timeout')
  }

  /** Takes up the jobs that documents ask for; called once the server listens. */
  async start(): Promise<void> {
    this.#unlisten = wakeJobs(this.#host.catalog, this.scheduler)
    await this.documents.start()
  }

  /** Tells of a document whose job can never run, or not yet: an operator has to look at it. */
  documentFailed(
    document: { readonly database: string; readonly id: string },
    reason: string,
    final: boolean,
  ): void {
    logDocumentFailure(this.#host.log, document, { reason, final })
  }

  /** The URL that a database's name stands for. */
  urlOf(name: string): string {
    return `${this.#host.address().url}/${encodeURIComponent(name)}`
  }

  /**
   * The job that a request asks for.
   *
   * @throws PeerError `filter_fetch_error`, `host_not_allowed`
   */
  async specOf(request: ReplicationRequest, origin: JobOrigin): Promise<JobSpec> {
    const { options, source, target } = request
    const others = [source, target].filter(
      endpoint => ownDatabaseOf(endpoint, this.#host.address()) === undefined,
    )
    await Promise.all(others.map(endpoint => this.#opener.checkReach(endpoint)))
    const ids = await identify(request, identityOf(this.#host), () => this.#open(source, request, origin))
    const id = jobId(ids.id, options)
    const log = new JobLog(this.#host.log, { id, source, target, document: origin.document })
    const verification = transientVerification(this.#verifyLimits)
    const mask = request.mask && new JobMask(request.mask)
    const limits = planLimits(this.#host.config)
    const plan = { ...ids, options: planOptions(request), ...limits, isMasked: mask !== undefined }
    return {
      ...origin,
      id,
      plan,
      source,
      target,
      rewound: rewind => {
        this.rewinds++
        log.rewound(rewind)
      },
      ...(mask === undefined ? {} : { masked: () => mask.counts }),
      ...(this.#host.tracer === undefined ? {} : { tracer: this.#host.tracer }),
      verification,
      refused: failure => {
        log.refused(failure)
        if (origin.document === null) verification.divergence.refusals.add(failure)
      },
      notify: notice => {
        countNotice(notice, this.#host.metrics)
        log.notify(notice)
      },
      localSource: source.local ?? ownDatabaseOf(source, this.#host.address()) ?? null,
      open: async () => {
        const { threaded } = this.#host
        if (threaded === undefined || mask !== undefined || (source.stream ?? target.stream) !== undefined)
          return this.peersOf(request, origin, mask)
        const places = await this.#placesOf(request, origin)
        return threaded(this.#opened(places, options), { places, plan })
      },
    }
  }

  /**
   * Returns both sides of a replication, to be closed by the caller.
   *
   * @throws PeerError `replication_auth_error` where a URL of this very server has credentials that are wrong
   */
  async peersOf(
    request: ReplicationRequest,
    origin: Pick<JobOrigin, 'loginFrom' | 'maker'>,
    mask = request.mask && new JobMask(request.mask),
  ): Promise<JobPeers> {
    const [source, target] = await Promise.all([this.resolve(request.source), this.resolve(request.target)])
    if (target.stream !== undefined) {
      const own = await this.#own(source, origin)
      return this.#streams.sink(target, await this.#open(source, request, origin), own, request)
    }
    if (source.stream !== undefined) {
      const own = await this.#own(target, origin)
      return this.#streams.source(source, await this.#open(target, request, origin), own, request)
    }
    const peers = this.#opened(await this.#placesOf({ source, target }, origin), request.options)
    return mask === undefined ? peers : mask.over(peers, this.#secretOf)
  }

  /** Returns an endpoint with the credentials that it names. @throws PeerError `no_credentials` */
  async resolve(endpoint: ReplicationEndpoint): Promise<ReplicationEndpoint> {
    if (hasStreamCredentials(endpoint)) return endpoint
    return this.#host.credentials.resolve(endpoint)
  }

  async #placesOf(
    { source, target }: Pick<ReplicationRequest, 'source' | 'target'>,
    origin: Pick<JobOrigin, 'loginFrom' | 'maker'>,
  ): Promise<JobPlaces> {
    return { source: await this.#placeOf(source, origin), target: await this.#placeOf(target, origin) }
  }

  #opened({ source, target }: JobPlaces, options: ReplicationOptions): JobPeers {
    return { source: this.#opener.open(source, options), target: this.#opener.open(target, options) }
  }

  /** Starts a job, or finds the one that does the same already. */
  launch(spec: JobSpec): Job {
    return this.scheduler.get(spec.id) ?? this.scheduler.add(spec, () => undefined)
  }

  /**
   * Runs a job to its end.
   *
   * @throws what made it crash
   */
  run(spec: JobSpec): Promise<ReplicationResult> {
    return new Promise((resolve, reject) => {
      this.scheduler.add(spec, (job, result) => {
        if (result) resolve(result)
        else reject(job.error ?? new Error('the replication was cancelled'))
      })
    })
  }

  /** Stops the jobs that no document asks for: those of a leader of a cluster that leads no longer. */
  stopTransient(): Promise<void> {
    return this.scheduler.clear(({ document }) => document === null)
  }

  /** Stops the jobs of documents, as their databases are being closed; idempotent. */
  async stopDocuments(): Promise<void> {
    this.#unlisten?.()
    await this.documents.close()
  }

  /** Stops all jobs, saves what they have moved and closes all connections; idempotent. */
  async close(): Promise<void> {
    await this.stopDocuments()
    await this.scheduler.close()
    await this.#opener.close()
  }

  async #open(
    endpoint: ReplicationEndpoint,
    { options }: ReplicationRequest,
    origin: Pick<JobOrigin, 'loginFrom' | 'maker'>,
  ): Promise<Peer> {
    return this.#opener.open(await this.#placeOf(endpoint, origin), options)
  }

  async #placeOf(
    named: ReplicationEndpoint,
    { loginFrom, maker }: Pick<JobOrigin, 'loginFrom' | 'maker'>,
  ): Promise<PeerPlace> {
    const endpoint = await this.resolve(named)
    const name = endpoint.local ?? ownDatabaseOf(endpoint, this.#host.address())
    // The credentials of a URL that is not surely our own are for that peer, and nobody else.
    const ownHeaders = this.loginOrigins.headersFor(loginFrom)
    if (name === undefined) return { endpoint, ownHeaders, isInside: false }
    const account = endpoint.local === undefined ? await this.#logIn(endpoint, loginFrom) : (maker ?? NOBODY)
    if (account === undefined) return { endpoint, ownHeaders, isInside: true }
    const headers = { ...endpoint.headers, ...this.access.headersFor(account) }
    const place = { endpoint: { url: endpoint.url, headers }, ownHeaders: {}, isInside: true }
    const isDirect =
      isDatabaseName(name) &&
      !isSystemDatabase(name, this.#host.config) &&
      (await this.#opener.isAdmin(account))
    return isDirect ? { ...place, direct: { name, account } } : place
  }

  async #logIn(endpoint: ReplicationEndpoint, loginFrom: string): Promise<Account | undefined> {
    const user = await localLogin(this.#host.authenticator, endpoint, loginFrom)
    return user && this.users.of(user)
  }

  /** The database of this server that an endpoint addresses, with its user; undefined where that is not certain. */
  async #own(
    endpoint: ReplicationEndpoint,
    { loginFrom, maker }: Pick<JobOrigin, 'loginFrom' | 'maker'>,
  ): Promise<OwnDatabase | undefined> {
    const name = endpoint.local ?? ownDatabaseOf(endpoint, this.#host.address())
    if (name === undefined || !isDatabaseName(name) || isSystemDatabase(name, this.#host.config))
      return undefined
    const user = endpoint.local === undefined ? await this.#logIn(endpoint, loginFrom) : maker
    return user === undefined ? undefined : { name, user }
  }
}
