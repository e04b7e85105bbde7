import { isStreamUrl } from '../../protocol/streams/stream-endpoint.ts'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { isFollowerDocument } from './follower-job.ts'
import type { ReplicatorDocument } from './stored-documents.ts'

/** Decides which node of a cluster runs the job of a replication document. */
export interface JobPlacement {
  /**
   * Returns true where this node runs a job.
   *
   * @param key the same for jobs that must be on one node; undefined for a job that runs at the leader
   */
  runsHere(key: string | undefined): boolean
  /** Calls back when jobs may have moved. @returns what ends that */
  listen(moved: () => void): () => void
}

/** A server of its own runs all jobs. */
export const ALL_HERE: JobPlacement = { runsHere: () => true, listen: () => () => undefined }

/** Members that tell replications of the same two databases apart, as far as their ids do. */
const DISTINCT = ['filter', 'query_params', 'doc_ids', 'selector'] as const

/**
 * Returns the key under which a document's job is placed. Documents that ask for the same replication have the same, so that one
 * node sees that they do. What writes to a database of this server without HTTP runs at the leader: followers' jobs and streams.
 */
export function placementKey(
  document: { readonly database: string; readonly id: string },
  { members }: ReplicatorDocument,
): string | undefined {
  if (isFollowerDocument(document)) return undefined
  const urls = [members.source, members.target].map(urlOf)
  if (urls.some(isStreamUrl)) return undefined
  return JSON.stringify([...urls.map(publicUrl), ...DISTINCT.map(name => members[name] ?? null)])
}

function urlOf(endpoint: unknown): string {
  const url =
    typeof endpoint === 'object' && endpoint !== null ? (endpoint as { url?: unknown }).url : endpoint
  return typeof url === 'string' ? url : ''
}
