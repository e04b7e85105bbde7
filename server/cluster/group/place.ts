import { decodeHeader, digestOf, type EntryHeader } from '../entry/entry.ts'
import type { OpenRun } from '../entry/run.ts'
import type { ClusterChange, Leadership } from '../entry/change.ts'
import type { LogEntry } from '../log/contract.ts'

/** A node of the cluster as the others reach it. */
export type NodeAddress = Pick<Leadership, 'node' | 'url'>

/**
 * Position of a node in its log: the last entry that it has applied, and what the entries until then say of the group. It is
 * the same on every node that has applied the same entries.
 */
export interface Place extends EntryHeader {
  readonly digest: Uint8Array
  /** Pieces behind which the run goes on. Such a place is not stored: a node that restarts reads the run again. */
  readonly run: OpenRun
  /** The node that leads; undefined before the first one, and after one that resigned. */
  readonly leader: NodeAddress | undefined
  /** URLs of the members by their names. */
  readonly members: Readonly<Record<string, string>>
  /** Names of nodes that were removed. */
  readonly removed: readonly string[]
  /** Position of the last checkpoint: entries before it may be removed when all members have them. 0 before the first. */
  readonly checkpoint: number
}

type Membership = Pick<Place, 'leader' | 'members' | 'removed' | 'checkpoint'>

/** Returns the place behind an entry. */
export function placeBehind(
  { leader, members, removed, checkpoint }: Membership,
  { logId, epoch, position, previous }: EntryHeader,
  bytes: Uint8Array,
): Place {
  const digest = digestOf(bytes)
  return { logId, epoch, position, previous, digest, run: [], leader, members, removed, checkpoint }
}

const NO_MEMBERS: Membership = { leader: undefined, members: {}, removed: [], checkpoint: 0 }

/** Returns the place of a node that has applied the log's first entry alone. */
export function placeAtHead({ bytes }: Pick<LogEntry, 'bytes'>): Place {
  return placeBehind(NO_MEMBERS, decodeHeader(bytes), bytes)
}

/** Returns the place with what a change says of leader and members. */
export function withChange(place: Place, change: ClusterChange): Place {
  // Others change databases and settings.
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check
  switch (change.kind) {
    case 'lead': {
      const leader = { node: change.node, url: change.url }
      return { ...place, leader, members: { ...place.members, [change.node]: change.url } }
    }
    case 'resign':
      return { ...place, leader: undefined }
    case 'member':
      return { ...place, members: { ...place.members, [change.node]: change.url } }
    case 'remove': {
      const members = Object.fromEntries(
        Object.entries(place.members).filter(([node]) => node !== change.node),
      )
      return { ...place, members, removed: [...place.removed, change.node] }
    }
    case 'checkpoint':
      return { ...place, checkpoint: place.position }
    default:
      return place
  }
}

/** Encodes a place as the JSON text that is stored. */
export function encodePlace({ previous, digest, run: _, ...place }: Place): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  return JSON.stringify({ ...place, previous: hex(previous), digest: hex(digest) })
}

export function decodePlace(text: string): Place {
  const { previous, digest, ...place } = JSON.parse(text) as Omit<Place, 'previous' | 'digest' | 'run'> &
    Record<'previous' | 'digest', string>
  return {
    ...place,
    run: [],
    leader: place.leader,
    members: place.members ?? {},
    removed: place.removed ?? [],
    checkpoint: place.checkpoint ?? 0,
    previous: Buffer.from(previous, 'hex'),
    digest: Buffer.from(digest, 'hex'),
  }
}
