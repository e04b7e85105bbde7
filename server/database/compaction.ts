import type { WorkQueue } from '../work-queue.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { clearInterior } from '../../protocol/revtree/compact.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../protocol/revtree/tree.ts'
import { Space, textOfKey } from '../storage/keys.ts'
import { compactRange } from '../storage/upkeep.ts'
import type { Commit } from './commit.ts'
import type { WritableDatabase } from './writable-database.ts'
import { mayHaveHistory } from './document-record.ts'
import { CutPurgeLog } from './purge-log.ts'
import type { WriteRequest } from './writer.ts'

const RECORDS_AT_A_TIME = 1000

/** Documents in a commit of a compaction: other writers wait for no more than these. */
const DOCUMENTS_IN_A_COMMIT = 200

/**
 * Compacts a database: the bodies of revisions that are no leaves go, with attachments that only they had, and the store
 * gives back the room. Goes on where writes go on; documents that change meanwhile are left to the next compaction.
 */
export class Compaction {
  readonly #database: WritableDatabase
  #running: Promise<void> | undefined
  #again = false
  readonly #closing = new AbortController()

  constructor(database: WritableDatabase) {
    this.#database = database
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  /**
   * Begins to compact, when it is its turn. What is asked for while it runs is done behind it, once.
   *
   * @param onFailure told of a failure
   */
  start(onFailure: (error: unknown) => void, queue: WorkQueue): void {
    if (this.#running !== undefined) {
      this.#again = true
      return
    }
    this.#again = false
    this.#running = queue
      .run(() => this.#compact(), this.#closing)
      .catch((error: unknown) => {
        if (!this.#closed) onFailure(error)
      })
      .finally(() => {
        this.#running = undefined
        if (this.#again && !this.#closed) this.start(onFailure, queue)
      })
  }

  /** Stops at the next document. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the database was closed'))
    await this.#running
  }

  async #compact(): Promise<void> {
    const database = this.#database
    for await (const ids of this.#documentsWithHistory()) {
      await database.write(new ForgetInterior(ids))
    }
    if (this.#closed) return
    await database.write(new CutPurgeLog(database))
    await database.releaseAttachments()
    if (!this.#closed) await compactRange(database.store, database.keys.all())
  }

  async *#documentsWithHistory(): AsyncGenerator<DocId[]> {
    const { store, keys } = this.#database
    const iterator = store.iterator(keys.range(Space.document))
    let ids: DocId[] = []
    try {
      while (!this.#closed) {
        const entries = await iterator.nextv(RECORDS_AT_A_TIME)
        if (entries.length === 0) break
        for (const [key, record] of entries) {
          if (mayHaveHistory(record)) ids.push(textOfKey(key) as DocId)
          if (ids.length < DOCUMENTS_IN_A_COMMIT || this.#closed) continue
          yield ids
          ids = []
        }
      }
      if (ids.length > 0 && !this.#closed) yield ids
    } finally {
      await iterator.close()
    }
  }
}

/** Forgets the bodies of some documents' revisions that are no leaves. */
class ForgetInterior implements WriteRequest<void> {
  readonly ids: readonly DocId[]
  readonly bytes: number

  constructor(ids: readonly DocId[]) {
    this.ids = ids
    this.bytes = ids.length * 200
  }

  apply(commit: Commit): void {
    for (const id of this.ids) {
      const document = commit.document(id)
      if (document === undefined) continue
      const { tree, freed } = clearInterior(document.tree)
      if (freed.length === 0) continue
      for (const body of freed) commit.bodies.remove(body)
      commit.rewrite(id, tree, sizeOf(commit, tree))
    }
  }
}

/** Bytes of the leaves' bodies and attachments. */
function sizeOf(commit: Commit, tree: RevTree): number {
  return leaves(tree).reduce((sum, { body }) => sum + commit.bodies.sizeOf(body), 0)
}
