import { fetch as fetchWith } from 'undici'
import { fail } from '../../../protocol/errors.ts'
import type { EqualSettings } from '../entry/change.ts'
import { CLUSTER_SIGNATURE } from './headers.ts'
import type { ClusterSignature } from './signature.ts'

/** Paths that nodes ask each other, and that no client reaches. */
export const NODE_PATHS = {
  report: '/_cluster/_report',
  position: '/_cluster/_position',
  beginSnapshot: '/_cluster/_snapshot',
  snapshotFile: '/_cluster/_snapshot_file',
  endSnapshot: '/_cluster/_snapshot_end',
  write: '/_cluster/_write',
  jobs: '/_cluster/_jobs',
  retryJob: '/_cluster/_retry_job',
} as const

/** A node tells the leader of itself. */
export interface NodeReport {
  readonly node: string
  readonly url: string
  /** Position of the last entry applied. */
  readonly position: number
  /** Position from which it reads the log again when it was restarted. */
  readonly kept: number
  /** Copies of it that others took lately. */
  readonly holds: readonly SnapshotHold[]
  readonly version: string
  /** True where the node is being closed: its jobs go on elsewhere. */
  readonly isLeaving?: boolean
  /** Digest of the key of credentials; `isNew` where it was made at this start. */
  readonly credentialsKey?: { readonly fingerprint: string; readonly isNew: boolean }
}

/** A copy of a node, and the log that it needs. */
export interface SnapshotHold {
  /** Name of the node that took it. */
  readonly node: string
  /** Position of the copy: it needs the entries behind it. */
  readonly position: number
  readonly ageMs: number
}

/** Answer of a leader. */
export interface LeaderPosition {
  readonly position: number
  readonly epoch: number
  /** Members that run jobs. */
  readonly jobNodes?: readonly string[]
  /** Digest of its key of credentials. */
  readonly credentialsKey?: string
  /** The key itself, encrypted, for a node that had none. */
  readonly sharedKey?: string
}

/** Answer of a node that is to be copied. */
export interface SnapshotOffer {
  readonly id: string
  /** Paths below the data directory, with slashes, and bytes. */
  readonly files: readonly { readonly path: string; readonly size: number }[]
  readonly settings: EqualSettings
}

interface Question {
  readonly body?: object
  readonly signal: AbortSignal
}

/**
 * Asks another node.
 *
 * @throws `noLeader` where it does not answer as it should; {@link RemovedError}; {@link JoinRefusedError}
 */
export async function askNode<T = LeaderPosition>(
  signature: ClusterSignature,
  base: string,
  path: string,
  question: Question,
): Promise<T> {
  const answer = await callNode(signature, base, path, question)
  const text = await answer.text()
  if (!answer.ok) throw fail('noLeader')
  return JSON.parse(text) as T
}

/** Sends a question to another node. @throws {@link RemovedError} */
export async function callNode(
  signature: ClusterSignature,
  base: string,
  path: string,
  { body, signal }: Question,
): Promise<Response> {
  const options = {
    method: 'POST',
    headers: { [CLUSTER_SIGNATURE]: signature.sign('POST', path), 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
    signal,
  }
  const { dispatcher } = signature
  const answer =
    dispatcher === undefined
      ? await fetch(base + path, options)
      : ((await fetchWith(base + path, { ...options, dispatcher })) as unknown as Response)
  if (answer.status === 410) throw new RemovedError()
  if (answer.status === 409) throw new JoinRefusedError(((await answer.json()) as { reason: string }).reason)
  return answer
}

/** The node was removed from the cluster. */
export class RemovedError extends Error {
  override readonly name = 'RemovedError'
  constructor() {
    super('this node was removed from the cluster: join again under another name')
  }
}

/** The node cannot take part as it is; the message is a sentence for its operator. */
export class JoinRefusedError extends Error {
  override readonly name = 'JoinRefusedError'
}
