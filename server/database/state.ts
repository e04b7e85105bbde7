import type { Retention } from '../../protocol/retention.ts'

/** The source of a database that only follows it. */
export interface FollowerState {
  /** URL of the source, as it may be shown. */
  readonly source: string
  /** Time at which it began, in milliseconds since 1970. */
  readonly since: number
  /** True where documents that are written here are handed to the source. */
  readonly forwardsWrites: boolean
  /** The document of `_replicator` that asks for the job. */
  readonly job: string
  /** Digest of the rules by which values are hidden here; absent where none are. */
  readonly mask?: string
}

/** Counts and numbers of a database. Written with every commit, so that they always agree with the documents. */
export interface DatabaseState {
  /** The number of the latest change. */
  seq: number
  /** Documents whose winner is not deleted; design documents count. */
  docs: number
  deletedDocs: number
  /** Documents with more than one leaf that is not deleted. */
  conflicts: number
  /** The number of the latest stored body. */
  bodies: number
  purgeSeq: number
  revsLimit: number
  purgedInfosLimit: number
  /** Bytes of all leaves' bodies and attachments. */
  externalSize: number
  /** Bytes of all bodies that are stored, those of revisions that are no leaves too. */
  storedSize: number
  /** Rules for tombstones and documents with an end; absent until some are set. */
  retention?: Retention
  /** Members of the mesh that writes wait for, and that reads ask, where a request does not say; absent for 1. */
  quorum?: { readonly w: number; readonly r: number }
  /** Set while the database takes documents from its source alone. */
  follower?: FollowerState
}

/** CouchDB's defaults of `_revs_limit` and `_purged_infos_limit`. */
const NEW_DATABASE: DatabaseState = {
  seq: 0,
  docs: 0,
  deletedDocs: 0,
  conflicts: 0,
  bodies: 0,
  purgeSeq: 0,
  revsLimit: 1000,
  purgedInfosLimit: 1000,
  externalSize: 0,
  storedSize: 0,
}

export function encodeState(state: DatabaseState): Buffer {
  return Buffer.from(JSON.stringify(state))
}

export function decodeState(bytes: Uint8Array | undefined): DatabaseState {
  if (bytes === undefined) return { ...NEW_DATABASE }
  return { ...NEW_DATABASE, ...(JSON.parse(Buffer.from(bytes).toString()) as Partial<DatabaseState>) }
}

/** @throws {Error} where a database in the store is behind what was acknowledged */
export function checkHolds(stored: DatabaseState, acknowledged: DatabaseState, name: string): void {
  for (const count of ['seq', 'bodies', 'purgeSeq'] as const) {
    if (stored[count] >= acknowledged[count]) continue
    throw new Error(
      `the ${count} of database ${name} is ${stored[count]}, and ${acknowledged[count]} was acknowledged`,
    )
  }
}
