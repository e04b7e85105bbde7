import type { MeshMember, MeshSettings } from '../../protocol/mesh/members.ts'
import type { JsonObject } from '../../protocol/json-value.ts'
import { parseReplication } from '../../protocol/replication-request.ts'
import { SERVER } from '../../protocol/user-context.ts'
import type { JobSpec } from '../../replicator/job.ts'
import { MEMBER_CREDENTIALS } from '../credentials/credentials.ts'
import type { Replicator } from '../replication/replicator.ts'
import { RevisionsInFlight } from './revisions-in-flight.ts'
import { SharedTarget } from './shared-target.ts'

/** A database that is pulled from a member, or pushed to a passive one. */
export interface Pull {
  readonly member: Pick<MeshMember, 'id' | 'url'>
  readonly database: string
  /** Of a passive member: credentials of this server, and the direction. */
  readonly passive?: { readonly credentials: string; readonly isPush: boolean }
}

interface RunningPull {
  readonly spec: JobSpec
  /** Times that it was started again after crashes in a row, and when next. */
  restarts: number
  restartAt: number
  /** Time of the monotonic clock since which it was seen running; undefined while it is not. */
  runsSince?: number | undefined
}

const CHECKPOINT_MS = 5_000
const TIMEOUT_MS = 15_000
const FIRST_RESTART_MS = 2_000
const MAX_RESTART_MS = 60_000
/** Whoever runs that long has recovered. */
const HEALTHY_MS = 30_000

/** Returns the name of a pull: its member, where that is, and the database. */
function keyOf({ member, database, passive }: Pull): string {
  return JSON.stringify([member.id, member.url, database, ...(passive === undefined ? [] : [passive])])
}

/** The continuous jobs by which this node pulls from its neighbours. */
export class MeshJobs {
  readonly #replicator: Replicator
  readonly #pulls = new Map<string, RunningPull>()
  readonly #inFlight = new Map<string, RevisionsInFlight>()

  constructor(replicator: Replicator) {
    this.#replicator = replicator
  }

  /** Number of jobs. */
  get size(): number {
    return this.#pulls.size
  }

  /** Starts the jobs that are wanted and not there, and stops others. */
  async reconcile(wanted: readonly Pull[], settings: MeshSettings): Promise<void> {
    const byKey = new Map(wanted.map(pull => [keyOf(pull), pull]))
    const gone = [...this.#pulls.keys()].filter(key => !byKey.has(key))
    await Promise.all(gone.map(key => this.#stop(key)))
    for (const [key, pull] of byKey) {
      const running = this.#pulls.get(key)
      if (running === undefined) await this.#start(key, pull, settings)
      else await this.#restartCrashed(running)
    }
  }

  /** Returns the states of the jobs from a member by their databases. */
  statesOf(member: string): Record<string, string> {
    const states: Record<string, string> = {}
    for (const [key, { spec }] of this.#pulls) {
      const [id, , database, passive] = JSON.parse(key) as [string, string, string, Pull['passive']]
      const name = passive?.isPush === true ? `${database} (push)` : database
      if (id === member) states[name] = this.#replicator.scheduler.get(spec.id)?.state ?? 'stopped'
    }
    return states
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#pulls.keys()].map(key => this.#stop(key)))
  }

  async #start(key: string, pull: Pull, settings: MeshSettings): Promise<void> {
    const { member, database, passive } = pull
    const there = {
      url: `${member.url}/${encodeURIComponent(database)}`,
      credentials: passive?.credentials ?? MEMBER_CREDENTIALS + member.id,
    }
    const isPush = passive?.isPush === true
    const body: JsonObject = {
      source: isPush ? database : there,
      target: isPush ? there : database,
      create_target: isPush,
      continuous: true,
      checkpoint_interval: CHECKPOINT_MS,
      connection_timeout: TIMEOUT_MS,
      retries_per_request: 2,
      ...(settings.designDocuments ? {} : { selector: { _id: { $regex: '^(?!_design/)' } } }),
    }
    const request = parseReplication(body, this.#replicator.defaults, name => this.#replicator.urlOf(name))
    if ('cancelId' in request) return
    const origin = { document: null, user: null, loginFrom: 'mesh', maker: { user: SERVER } }
    const made = await this.#replicator.specOf(request, origin)
    const inFlight = this.#inFlightOf(database)
    const spec: JobSpec = {
      ...made,
      open: async () => {
        if (isPush) return made.open()
        // In this thread, as are all others that write there: they know of each other what is on its way.
        const peers = await this.#replicator.peersOf(request, origin)
        return { ...peers, target: new SharedTarget(peers.target, inFlight) }
      },
    }
    this.#pulls.set(key, { spec, restarts: 0, restartAt: 0 })
    this.#replicator.launch(spec)
  }

  /** A crashed job is tried again soon: its member answers. */
  async #restartCrashed(pull: RunningPull): Promise<void> {
    const { scheduler } = this.#replicator
    const job = scheduler.get(pull.spec.id)
    const now = performance.now()
    pull.runsSince = job?.state === 'running' ? (pull.runsSince ?? now) : undefined
    if (job !== undefined && job.state !== 'crashing') {
      if (pull.runsSince !== undefined && now - pull.runsSince > HEALTHY_MS) pull.restarts = 0
      return
    }
    if (pull.restartAt === 0)
      pull.restartAt = now + Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** Math.min(10, pull.restarts))
    if (now < pull.restartAt) return
    pull.restarts++
    pull.restartAt = 0
    await scheduler.remove(pull.spec.id)
    this.#replicator.launch(pull.spec)
  }

  async #stop(key: string): Promise<void> {
    const pull = this.#pulls.get(key)
    this.#pulls.delete(key)
    if (pull !== undefined) await this.#replicator.scheduler.remove(pull.spec.id)
  }

  #inFlightOf(database: string): RevisionsInFlight {
    let inFlight = this.#inFlight.get(database)
    if (inFlight === undefined) this.#inFlight.set(database, (inFlight = new RevisionsInFlight()))
    return inFlight
  }
}
