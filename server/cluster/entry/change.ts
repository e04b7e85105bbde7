import type { DatabaseName } from '../../../protocol/database-name.ts'
import type { ContentPiece } from '../../attachments/shared-content.ts'
import type { CommitRecord, CommittedChange } from '../../database/commit/commit-record.ts'
import type { ReplicatedChange } from '../../database/replication-hook.ts'
import type { WriteSet } from '../../storage/write-set.ts'
import { EntryError } from './entry.ts'

/** A node takes leadership, or keeps it. */
export interface Leadership {
  readonly kind: 'lead'
  /** Name of the node in the cluster. */
  readonly node: string
  /** Base URL under which the other nodes reach it. */
  readonly url: string
}

/** A leader gives up its leadership in order: another may lead at once. */
export interface Resignation {
  readonly kind: 'resign'
}

/** A node becomes a member, or is reached under another URL. */
export interface MemberChange {
  readonly kind: 'member'
  readonly node: string
  readonly url: string
}

/** A node is a member no longer. */
export interface MemberRemoval {
  readonly kind: 'remove'
  readonly node: string
}

/** A setting that is equal on all nodes changes. */
export interface SettingChange {
  readonly kind: 'setting'
  readonly section: string
  readonly key: string
  /** Null where it goes back to its default. */
  readonly value: string | null
  /** False for a value of this run only. */
  readonly persist: boolean
}

/** Settings that are equal on all nodes. */
export type EqualSettings = readonly {
  readonly section: string
  readonly key: string
  readonly value: string
}[]

/**
 * A beginning for new nodes: entries before it may be removed, as their databases are copied from another node. It is also the
 * first entry of a log that begins with the data of a node.
 */
export interface Checkpoint {
  readonly kind: 'checkpoint'
  /** Name of the cluster. */
  readonly name: string
  readonly settings: EqualSettings
  /** URLs of the members by their names. */
  readonly members: Readonly<Record<string, string>>
}

/** Changes of the cluster itself, not of its databases. */
export type GroupChange = Leadership | Resignation | MemberChange | MemberRemoval | SettingChange | Checkpoint

/** The first entry of a log: the name of the cluster, and the settings that are equal on all nodes. */
export interface Genesis {
  readonly kind: 'genesis'
  readonly name: string
  readonly settings: EqualSettings
}

/** Some bytes of an attachment's content, before the commit that refers to it. A new epoch voids what has no commit yet. */
export interface ContentChange extends ContentPiece {
  readonly kind: 'content'
}

/** One part of an entry. */
export type ClusterChange = ReplicatedChange | ContentChange | GroupChange | Genesis

/** Returns whether a change is one of the databases. */
export function isOfDatabases(change: ClusterChange): change is ReplicatedChange {
  return change.kind === 'commit' || change.kind === 'create' || change.kind === 'drop'
}

/** Returns whether a change is one of the cluster itself. */
export function isOfGroup(change: ClusterChange): change is GroupChange {
  return !isOfDatabases(change) && change.kind !== 'genesis' && change.kind !== 'content'
}

/** Encodes a change: length of the JSON (u32), JSON, then the byte strings that it names by their number, each with its length. */
export function encodeChange(change: ClusterChange): Uint8Array {
  const blobs = new Blobs()
  const meta = metaOf(change, blobs)
  const json = Buffer.from(JSON.stringify(meta))
  return Buffer.concat([u32(json.length), json, ...blobs.pieces])
}

function metaOf(change: ClusterChange, blobs: Blobs): object {
  if (change.kind === 'commit') return commitMeta(change, blobs)
  return change.kind === 'content' ? { ...change, bytes: blobs.add(change.bytes) } : change
}

/** @throws {EntryError} for a kind that this version does not know */
export function decodeChange(bytes: Uint8Array): ClusterChange {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = 4 + buffer.readUInt32BE(0)
  const meta = JSON.parse(buffer.toString('utf8', 4, end)) as
    CommitMeta | Exclude<ClusterChange, { kind: 'commit' }>
  switch (meta.kind) {
    case 'commit':
      return decodeCommit(meta, splitBlobs(buffer.subarray(end)))
    case 'content':
      return { ...meta, bytes: splitBlobs(buffer.subarray(end))[0]! }
    case 'create':
    case 'drop':
    case 'lead':
    case 'resign':
    case 'member':
    case 'remove':
    case 'setting':
    case 'checkpoint':
    case 'genesis':
      return meta
    default:
      throw new EntryError(`the log holds a change of an unknown kind: this node needs a newer Couchette`)
  }
}

interface CommitMeta extends Omit<CommitRecord, 'writes' | 'changes' | 'security' | 'partitionGrowth'> {
  readonly kind: 'commit'
  readonly name: DatabaseName
  readonly changes: readonly (Omit<CommittedChange, 'record'> & { readonly record: number })[]
  readonly security: number | undefined
  readonly growth: readonly (readonly [string, number])[]
  /** Numbers of keys and values in turn, -1 for no value. */
  readonly writes: readonly number[]
  readonly content: readonly number[]
}

function commitMeta(
  { name, record, content }: ReplicatedChange & { kind: 'commit' },
  blobs: Blobs,
): CommitMeta {
  return {
    kind: 'commit',
    name,
    database: record.database,
    state: record.state,
    writes: record.writes.map(bytes => blobs.add(bytes)),
    content: content.map(bytes => blobs.add(bytes)),
    changes: record.changes.map(change => ({ ...change, record: blobs.add(change.record) })),
    removals: record.removals,
    security: record.security === undefined ? undefined : blobs.add(record.security),
    growth: [...record.partitionGrowth],
  }
}

function decodeCommit(meta: CommitMeta, blobs: readonly Uint8Array[]): ReplicatedChange {
  const { name, writes, content, changes, security, growth, database, state, removals } = meta
  const setOf = (numbers: readonly number[]): WriteSet => numbers.map(number => blobs[number])
  return {
    kind: 'commit',
    name,
    content: setOf(content),
    record: {
      database,
      state,
      removals,
      writes: setOf(writes),
      changes: changes.map(change => ({ ...change, record: blobs[change.record]! })),
      security: security === undefined ? undefined : blobs[security],
      partitionGrowth: new Map(growth),
    },
  }
}

/** Byte strings, each once however often it is named: a changes row is a value of the write set, too. */
class Blobs {
  readonly pieces: Uint8Array[] = []
  readonly #numbers = new Map<Uint8Array, number>()

  add(bytes: Uint8Array | undefined): number {
    if (bytes === undefined) return -1
    const known = this.#numbers.get(bytes)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(bytes, number)
    this.pieces.push(u32(bytes.byteLength), bytes)
    return number
  }
}

function splitBlobs(buffer: Buffer): Uint8Array[] {
  const blobs: Uint8Array[] = []
  for (let at = 0; at < buffer.length;) {
    const length = buffer.readUInt32BE(at)
    if (at + 4 + length > buffer.length) throw new EntryError('the log holds a change that is cut off')
    blobs.push(buffer.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return blobs
}

function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}
