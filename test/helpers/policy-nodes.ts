import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { asDatabaseName } from '../../protocol/database-name.ts'
import { asDocId } from '../../protocol/document-id.ts'
import { history } from '../../protocol/revtree/history.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import { DatabaseResolver } from '../../server/conflicts/database-resolver.ts'
import type { Database } from '../../server/database/database.ts'
import type { Sandbox } from '../../server/sandbox/sandbox.ts'
import { memoryCatalog } from './memory-database.ts'
import { write } from './write.ts'

/** A policy of each kind that resolves by itself. */
export const POLICIES = {
  latest: { policy: 'latest', field: 'at' },
  prefer: { policy: 'prefer', selectors: [{ n: { $gt: 50 } }, { n: { $gt: 20 } }] },
  majority: { policy: 'majority' },
  union: { policy: 'merge', fields: { tags: 'union', high: 'max', low: 'min' }, default: 'max' },
  merged: { policy: 'merge', field: 'at', fields: { tags: 'union' }, default: 'latest' },
  winner: { policy: 'merge', default: 'winner' },
} as const

/** A node in memory with one database, whose conflicts are resolved by its policies. */
export interface PolicyNode {
  readonly database: Database
  readonly resolver: DatabaseResolver
  /** True while this node resolves conflicts. */
  resolves: boolean
  close(): Promise<void>
}

const DATA = new Map<string, string>()

/** An attachment of a document to write, whose data is found again when it is replicated. */
export function attachmentOf(data: string): object {
  DATA.set(`md5-${createHash('md5').update(data).digest('base64')}`, data)
  return { content_type: 'application/octet-stream', data: Buffer.from(data).toString('base64') }
}

export async function policyNode(
  options: { sandbox?: Sandbox; uuid?: string; maxResolutions?: number; resolves?: boolean } = {},
): Promise<PolicyNode> {
  const node = { resolves: options.resolves ?? true }
  let resolver: DatabaseResolver | undefined
  const engine = await memoryCatalog({
    extend: database => {
      resolver = new DatabaseResolver(database, {
        sandbox: options.sandbox as Sandbox,
        log: pino({ level: 'silent' }),
        node: options.uuid ?? 'uuid',
        settings: {
          resolve: () => node.resolves,
          maxResolutions: () => options.maxResolutions ?? 1000,
          logSize: () => 1000,
          limits: () => ({}),
        },
      })
      return { subscribers: [resolver], validators: [] }
    },
  })
  const database = await engine.catalog.create(asDatabaseName('db'), { partitioned: false })
  return Object.assign(node, {
    database,
    resolver: resolver!,
    close: async () => {
      await resolver!.close()
      await engine.close()
    },
  })
}

/** Returns all leaves of a document, deleted ones too, with their histories and attachments, as `_bulk_docs` takes them. */
export function leafDocuments(source: Database, id: string): LeafDocument[] {
  const tree = source.document(asDocId(id))?.tree
  if (tree === undefined) return []
  return leaves(tree).map(({ rev, deleted, body }) => {
    const record = source.body(body)
    const attachments = record.attachments.map(({ name, contentType, digest, revpos }) => [
      name,
      { content_type: contentType, revpos, data: Buffer.from(DATA.get(digest) ?? '').toString('base64') },
    ])
    return {
      ...(JSON.parse(Buffer.from(record.body).toString()) as object),
      _id: id,
      _revisions: history(tree, rev),
      ...(deleted ? { _deleted: true } : {}),
      ...(attachments.length === 0 ? {} : { _attachments: Object.fromEntries(attachments) as object }),
    }
  })
}

/** A revision to be written as it is. */
export interface LeafDocument {
  readonly _id: string
  readonly [member: string]: unknown
}

/** Copies all leaves of all documents. */
export async function replicate(source: Database, target: Database): Promise<void> {
  for await (const { id } of source.summariesBetween('', '\u{10ffff}')) {
    await write(target, leafDocuments(source, id), { replicated: true })
  }
}

/** Replicates between all nodes, in both directions, until nothing changes. Returns the number of rounds. */
export async function converge(nodes: readonly PolicyNode[]): Promise<number> {
  for (let round = 1; ; round++) {
    const before = await Promise.all(nodes.map(settledSeq))
    for (const source of nodes) {
      for (const target of nodes) if (source !== target) await replicate(source.database, target.database)
    }
    const after = await Promise.all(nodes.map(settledSeq))
    if (before.every((seq, index) => seq === after[index])) return round
    if (round > 30) throw new Error('the nodes do not converge')
  }
}

async function settledSeq({ resolver, database }: PolicyNode): Promise<number> {
  await resolver.idle()
  return database.state.seq
}

/**
 * Returns the tree of a document without what is numbered by its node. Of inner revisions a node that got them as history does
 * not know whether they were deletions.
 */
export function shapeOf({ database }: PolicyNode, id: string): unknown {
  const tree = database.document(asDocId(id))?.tree
  if (tree === undefined) return null
  const { generations, hashes } = tree
  return { generations, hashes, leaves: leaves(tree).map(({ rev, deleted }) => [rev, deleted]) }
}

/** Returns the body of a document's winner; undefined where it is deleted. */
export function bodyOf({ database }: PolicyNode, id: string): Record<string, unknown> | undefined {
  const document = database.document(asDocId(id))
  if (document === undefined || document.deleted) return undefined
  return JSON.parse(Buffer.from(database.body(document.body).body).toString()) as Record<string, unknown>
}
