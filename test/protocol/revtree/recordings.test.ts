import test from 'ava'
import { readFileSync } from 'node:fs'
import { projectFile } from '../../../harness/project.ts'
import { history, historyNodes } from '../../../protocol/revtree/history.ts'
import { leaves, winner } from '../../../protocol/revtree/leaves.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import { missingRevs, possibleAncestors } from '../../../protocol/revtree/missing.ts'
import { stem } from '../../../protocol/revtree/stem.ts'
import { emptyTree } from '../../../protocol/revtree/tree.ts'
import type { RevNode, RevTree } from '../../../protocol/revtree/tree.ts'
import { asRev, generationOf, hashOf, normalizeHash, parseRev } from '../../../protocol/revision.ts'

/**
 * CouchDB's answers about documents that were written by `new_edits:false` only, answered from trees instead of a
 * server: the leaves, their histories, what `_revs_diff` misses.
 */
interface Step {
  readonly request: {
    method: string
    path: string
    query?: Record<string, unknown>
    body?: unknown
    text?: string
  }
  readonly response: { status: number; json?: unknown }
}

interface StoredDoc {
  readonly _id: string
  readonly _rev?: string
  readonly _deleted?: boolean
  readonly _revisions?: { start: number; ids: string[] }
  readonly _revs_info?: { rev: string; status: string }[]
  readonly _conflicts?: string[]
  readonly _deleted_conflicts?: string[]
}

type Opened = { ok: StoredDoc }[]

class Replay {
  readonly trees = new Map<string, RevTree>()
  limit = 1000
  bodies = 0
  compared = 0

  tree(id: string): RevTree {
    return this.trees.get(id) ?? emptyTree
  }

  write(docs: readonly StoredDoc[]): void {
    for (const doc of docs) {
      const rev = doc._rev === undefined ? undefined : parseRev(doc._rev)
      const { start, ids } = doc._revisions ?? { start: generationOf(rev!), ids: [hashOf(rev!)] }
      const value = { deleted: doc._deleted === true, body: ++this.bodies }
      const path = { start, hashes: ids.map(normalizeHash), value }
      this.trees.set(doc._id, mergePath(this.tree(doc._id), path).tree)
    }
    for (const id of new Set(docs.map(doc => doc._id))) this.trees.set(id, stem(this.tree(id), this.limit))
  }
}

const recordings = JSON.parse(readFileSync(projectFile('fixtures/transcripts/revisions.json'), 'utf8')) as {
  name: string
  steps: Step[]
}[]

const READS = ['/{db}/_revs_diff', '/{db}/_missing_revs', '/{db}/_all_docs']

/** Scenarios whose revisions all come from the client. */
const grafts = recordings.filter(({ steps }) =>
  steps.every(({ request, response }) => {
    if (request.method === 'GET' || READS.includes(request.path)) return true
    const isGraft = (request.body as { new_edits?: boolean } | undefined)?.new_edits === false
    return response.status < 300 && (request.path === '/{db}/_revs_limit' || isGraft)
  }),
)

for (const { name, steps } of grafts) {
  test(`${name}: trees answer as CouchDB did`, t => {
    const replay = new Replay()
    for (const { request, response } of steps) {
      const document = /^\/\{db\}\/([^_][^/]*)$/.exec(request.path)?.[1]
      if (request.path === '/{db}/_revs_limit') replay.limit = Number(request.text)
      else if (request.path === '/{db}/_bulk_docs') replay.write((request.body as { docs: StoredDoc[] }).docs)
      else if (request.path === '/{db}/_revs_diff') expectDiff(replay, request.body, response.json)
      else if (request.path === '/{db}/_changes') expectChanges(replay, request.query, response.json)
      else if (document !== undefined && request.query?.['rev'] === undefined) {
        if (Array.isArray(response.json))
          expectOpenRevs(replay, document, request.query, response.json as Opened)
        else expectDocument(replay, document, response)
      }
    }
    t.true(replay.compared > 0)

    function expectDiff({ trees }: Replay, body: unknown, json: unknown): void {
      const diff: Record<string, { missing: string[]; possible_ancestors?: string[] }> = {}
      for (const [id, asked] of Object.entries(body as Record<string, string[]>)) {
        const tree = trees.get(id) ?? emptyTree
        const missing = missingRevs(tree, asked.map(parseRev))
        const ancestors = possibleAncestors(tree, missing)
        if (missing.length === 0) continue
        diff[id] = { missing, ...(ancestors.length > 0 && { possible_ancestors: ancestors }) }
      }
      t.deepEqual(diff, json)
      replay.compared++
    }

    function expectChanges({ trees }: Replay, query: Step['request']['query'], json: unknown): void {
      if (query?.['style'] !== 'all_docs' || query['filter'] !== undefined) return
      for (const { id, changes } of (json as { results: { id: string; changes: { rev: string }[] }[] })
        .results) {
        t.deepEqual(
          leaves(trees.get(id) ?? emptyTree).map((leaf): string => leaf.rev),
          changes.map(change => change.rev),
        )
        replay.compared++
      }
    }

    function expectOpenRevs(
      { limit }: Replay,
      id: string,
      query: Step['request']['query'],
      json: Opened,
    ): void {
      if (query?.['open_revs'] !== 'all') return
      const tree = replay.tree(id)
      const revs = json.map(({ ok }) => ok._rev!).toSorted()
      t.deepEqual(
        leaves(tree)
          .map((leaf): string => leaf.rev)
          .toSorted(),
        revs,
      )
      for (const { ok } of json) {
        if (ok._revisions) t.deepEqual(history(tree, parseRev(ok._rev!), limit), ok._revisions)
      }
      replay.compared++
    }

    function expectDocument({ limit }: Replay, id: string, { status, json }: Step['response']): void {
      const tree = replay.tree(id)
      if (status !== 200) return void t.true(tree === emptyTree || winner(tree).deleted)
      const doc = json as StoredDoc
      const rev = winner(tree).rev
      t.is(rev, asRev(doc._rev!))
      const losers = leaves(tree).slice(1)
      const names = (deleted: boolean): string[] =>
        losers.filter(leaf => leaf.deleted === deleted).map(leaf => leaf.rev)
      if (doc._conflicts) t.deepEqual(names(false), doc._conflicts)
      if (doc._deleted_conflicts) t.deepEqual(names(true), doc._deleted_conflicts)
      if (doc._revisions) t.deepEqual(history(tree, rev, limit), doc._revisions)
      if (doc._revs_info) {
        t.deepEqual(
          historyNodes(tree, rev).map(node => ({ rev: node.rev, status: statusOf(node) })),
          doc._revs_info,
        )
      }
      replay.compared++
    }
  })
}

function statusOf(node: RevNode): string {
  if (node.body === 0) return 'missing'
  return node.deleted ? 'deleted' : 'available'
}
