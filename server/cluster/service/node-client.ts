import { fail } from '../../../protocol/errors.ts'
import { CLUSTER_SIGNATURE } from './headers.ts'
import type { ClusterSignature } from './signature.ts'

/** Paths that nodes ask each other, and that no client reaches. */
export const NODE_PATHS = { report: '/_cluster/_report', position: '/_cluster/_position' } as const

/** A node tells the leader of itself. */
export interface NodeReport {
  readonly node: string
  readonly url: string
  /** Position of the last entry applied. */
  readonly position: number
  readonly version: string
}

/** Answer of a leader. */
export interface LeaderPosition {
  readonly position: number
  readonly epoch: number
}

/**
 * Asks another node.
 *
 * @throws `noLeader` where it does not answer as a leader does
 */
export async function askNode(
  signature: ClusterSignature,
  base: string,
  path: string,
  { body, signal }: { readonly body?: object; readonly signal: AbortSignal },
): Promise<LeaderPosition> {
  const answer = await fetch(base + path, {
    method: 'POST',
    headers: { [CLUSTER_SIGNATURE]: signature.sign('POST', path), 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
    signal,
  })
  if (answer.status === 410) throw new RemovedError()
  const text = await answer.text()
  if (!answer.ok) throw fail('noLeader')
  return JSON.parse(text) as LeaderPosition
}

/** The node was removed from the cluster. */
export class RemovedError extends Error {
  override readonly name = 'RemovedError'
  constructor() {
    super('this node was removed from the cluster: join again with another data directory')
  }
}
