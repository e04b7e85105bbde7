import type { Endpoint } from '../../protocol/replication-endpoint.ts'
import { jobId } from '../../protocol/replication-id.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import { Connections } from '../../replicator/http/connections.ts'
import { HttpClient } from '../../replicator/http/http-client.ts'
import { HttpPeer } from '../../replicator/http/http-peer.ts'
import type { Job, JobSpec } from '../../replicator/job.ts'
import type { Peer } from '../../replicator/peer.ts'
import type { ReplicationResult } from '../../replicator/replication.ts'
import { Scheduler } from '../../replicator/scheduler.ts'
import type { Config } from '../config/config.ts'
import { identify } from './identify.ts'
import { replicationDefaults, schedulerOptions, tlsOptions } from './replication-settings.ts'

/** What the replicator needs of the server around it. */
export interface ReplicatorHost {
  readonly config: Config
  readonly uuid: string
  /** Where it listens, known once it does; the URL has neither credentials nor a slash at its end. */
  readonly address: () => { readonly url: string; readonly port: number }
}

/** Who asked for a replication. */
export interface JobOrigin {
  readonly document: JobSpec['document']
  readonly user: string | null
}

/** All replications of a server. */
export class Replicator {
  readonly scheduler: Scheduler
  readonly #host: ReplicatorHost
  readonly #connections: Connections

  constructor(host: ReplicatorHost) {
    this.#host = host
    this.scheduler = new Scheduler(schedulerOptions(host.config))
    this.#connections = new Connections(tlsOptions(host.config))
  }

  get defaults(): ReturnType<typeof replicationDefaults> {
    return replicationDefaults(this.#host.config)
  }

  /** The URL that a database's name stands for. */
  urlOf(name: string): string {
    return `${this.#host.address().url}/${encodeURIComponent(name)}`
  }

  /**
   * The job that a request asks for.
   *
   * @throws PeerError `filter_fetch_error`
   */
  async specOf(request: ReplicationRequest, origin: JobOrigin): Promise<JobSpec> {
    const { options, source, target } = request
    const ids = await identify(request, { uuid: this.#host.uuid, port: this.#host.address().port }, () =>
      this.#open(source, request),
    )
    return {
      ...origin,
      id: jobId(ids.id, options),
      plan: { ...ids, options, maxRewind: 0 },
      source,
      target,
      localSource: null,
      open: async () => ({
        source: await this.#open(source, request),
        target: await this.#open(target, request),
      }),
    }
  }

  /** Starts a job, or finds the one that does the same already. */
  start(spec: JobSpec): Job {
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

  /** Stops all jobs, saves what they have moved and closes all connections; idempotent. */
  async close(): Promise<void> {
    await this.scheduler.close()
    await this.#connections.close()
  }

  async #open(endpoint: Endpoint, { options }: ReplicationRequest): Promise<Peer> {
    return new HttpPeer(new HttpClient(endpoint, options, this.#connections))
  }
}
