import { replicationId } from '../../protocol/replication-id.ts'
import type { IdentityEndpoint, ReplicationId } from '../../protocol/replication-id.ts'
import type { ReplicationFilter, ReplicationOptions } from '../../protocol/replication-options.ts'
import { identityFilter } from '../../replicator/identity-filter.ts'
import type { Rewind } from '../../replicator/checkpoints.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import { Replication } from '../../replicator/replication.ts'
import type { ReplicationStatus } from '../../replicator/replication.ts'
import { childOf, wait } from '../../replicator/wait.ts'
import type { DatabaseAddress } from '../frame/connection.ts'
import { endpointOf } from './peers.ts'
import type { Peers } from './peers.ts'

/** Stands for a server's uuid in the ids of replications that this program runs, so that it finds its checkpoints again. */
const OWN_UUID = 'couchette replicate'
const PENDING_EVERY_MS = 2000
const SHOWN_EVERY_MS = 200
/** Refused documents that are remembered; all are counted. */
const MAX_FAILURES = 1000
const NO_LIMIT = 0
const MAX_ID_BYTES = Number.POSITIVE_INFINITY

/** A run of a replication, as it stands. */
export interface RunState {
  readonly docsRead: number
  readonly docsWritten: number
  readonly docWriteFailures: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Changes of the source that are still to be looked at; null where the source does not say. */
  readonly pending: number | null
  /** Share of the changes that were pending at the start that is done, from 0 to 1; null where it is not known. */
  readonly fraction: number | null
}

/** Result of a run that came to the end of the source's feed. */
export interface RunResult extends RunState {
  readonly failures: readonly WriteFailure[]
  readonly rewinds: readonly Rewind[]
  readonly ms: number
}

export interface RunRequest {
  readonly source: DatabaseAddress
  readonly target: DatabaseAddress
  readonly options: ReplicationOptions
}

/**
 * Runs a replication in this process, until the end of the feed or until the signal is aborted; what was moved is kept by
 * checkpoints on both sides.
 *
 * @param show called now and then with where it stands
 * @throws PeerError
 */
export async function runReplication(
  peers: Peers,
  request: RunRequest,
  show: (state: RunState) => void,
  signal: AbortSignal,
): Promise<RunResult> {
  const { options } = request
  const began = performance.now()
  const source = peers.open(request.source, options)
  const target = peers.open(request.target, options)
  const failures: WriteFailure[] = []
  const rewinds: Rewind[] = []
  const plan = {
    id: await identify(peers, request),
    olderIds: [],
    options,
    maxRewind: NO_LIMIT,
    maxIdBytes: MAX_ID_BYTES,
  }
  const replication = new Replication(source, target, plan, {
    refused: failure => void (failures.length < MAX_FAILURES && failures.push(failure)),
    rewound: rewind => void rewinds.push(rewind),
    heartbeat: () => undefined,
  })
  using watching = childOf(signal)
  // Also keeps the process while nothing but a retry is waited for.
  const timer = setInterval(() => shown(), SHOWN_EVERY_MS)
  const pending = { first: null as number | null, now: null as number | null }
  let base: ReplicationStatus['stats'] | undefined
  const state = (): RunState => stateOf(replication.status, base, pending)
  const shown = (): void => show(state())
  try {
    await replication.start(signal)
    base = { ...replication.status.stats }
    void watchPending(source, replication, options.filter, pending, watching.signal)
    await replication.run(signal)
    return { ...state(), failures, rewinds, ms: performance.now() - began }
  } finally {
    clearInterval(timer)
    watching.abort(new Error('the replication has ended'))
    if (signal.aborted && base !== undefined) await replication.saveProgress().catch(() => undefined)
    await Promise.all([source.close(), target.close()])
  }
}

async function watchPending(
  source: ReturnType<Peers['open']>,
  replication: Replication,
  filter: ReplicationFilter,
  pending: { first: number | null; now: number | null },
  signal: AbortSignal,
): Promise<void> {
  // With a filter a server says only whether anything is left.
  if (filter.kind !== 'none') return
  try {
    for (;;) {
      pending.now = await source.pending(replication.status.throughSeq, signal)
      pending.first = Math.max(pending.first ?? 0, pending.now ?? 0)
      await wait(PENDING_EVERY_MS, signal)
    }
  } catch {
    // The replication itself tells what is wrong with the source.
  }
}

function stateOf(
  { stats, bytesRead, bytesWritten }: ReplicationStatus,
  base: ReplicationStatus['stats'] | undefined,
  { first, now }: { first: number | null; now: number | null },
): RunState {
  const since = (name: 'docsRead' | 'docsWritten' | 'docWriteFailures'): number =>
    base === undefined ? 0 : stats[name] - base[name]
  return {
    docsRead: since('docsRead'),
    docsWritten: since('docsWritten'),
    docWriteFailures: since('docWriteFailures'),
    bytesRead,
    bytesWritten,
    pending: now,
    fraction: first === null || now === null ? null : first === 0 ? 1 : 1 - now / first,
  }
}

async function identify(peers: Peers, { source, target, options }: RunRequest): Promise<ReplicationId> {
  return replicationId({
    uuid: OWN_UUID,
    source: identityOf(source),
    target: identityOf(target),
    filter: await identityFilter(options.filter, () => Promise.resolve(peers.open(source, options))),
    winningRevsOnly: options.winningRevsOnly,
  })
}

function identityOf(address: DatabaseAddress): IdentityEndpoint {
  const { url, basic } = endpointOf(address)
  return { url, headers: {}, ...(basic === undefined ? {} : { user: basic.username }) }
}
