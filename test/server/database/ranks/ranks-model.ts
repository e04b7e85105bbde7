import type { ExecutionContext } from 'ava'
import { asDatabaseName } from '../../../../protocol/database-name.ts'
import {
  addDigests,
  type Digest,
  documentDigest,
  NO_DOCUMENTS,
} from '../../../../protocol/document-digest.ts'
import { leaves } from '../../../../protocol/revtree/leaves.ts'
import type { Rev } from '../../../../protocol/revision.ts'
import { asDocId } from '../../../../protocol/document-id.ts'
import { Attachments } from '../../../../server/attachments/attachments.ts'
import { Catalog } from '../../../../server/database/catalog.ts'
import type { Database } from '../../../../server/database/database.ts'
import { purge } from '../../../../server/database/maintenance/purge.ts'
import { digestDifference } from '../../../../server/database/ranks/check-digests.ts'
import type { IdRange } from '../../../../server/database/ranks/digests.ts'
import { readJournal } from '../../../../server/database/ranks/rank-journal.ts'
import { RankTree } from '../../../../server/database/ranks/rank-tree.ts'
import { documentsSpace } from '../../../../server/database/ranks/ranked-space.ts'
import { STORAGE } from '../../../../server/database/storage-of.ts'
import { KeySpace, textOfKey } from '../../../../server/storage/keys.ts'
import type { Store } from '../../../../server/storage/store.ts'
import { write } from '../../../helpers/write.ts'

/** Many documents on a busy machine. */
export const SLOW_MS = 300_000

const NAME = asDatabaseName('test')

export const EVERYTHING = {
  namespace: 'documents',
  keys: undefined,
  descending: false,
  limit: Infinity,
  skip: 0,
  updateSeq: false,
  includeDocs: false,
  conflicts: false,
  attachments: false,
  attEncodingInfo: false,
} as const

interface Opened {
  readonly database: Database
  readonly close: () => Promise<void>
}

/** Opens the database of a store; closing it leaves the store open. */
export async function open(store: Store): Promise<Opened> {
  const options = { directory: undefined, compressionLevel: () => undefined, maxSize: () => Infinity }
  const attachments = await Attachments.open({ store, ...options })
  const catalog = new Catalog(store, attachments)
  const database = (await catalog.exists(NAME))
    ? await catalog.open(NAME)
    : await catalog.create(NAME, { partitioned: false })
  return {
    database,
    close: async () => {
      await catalog.close()
      await attachments.close()
    },
  }
}

/** The tree, and the journal behind it, tell of every commit: nothing is counted again. */
export async function hasJournal(t: ExecutionContext, database: Database, what: string): Promise<void> {
  const { store, keys } = database[STORAGE]
  const snapshot = database.snapshot()
  const root = await new RankTree(store, keys, documentsSpace(keys)).root(snapshot)
  t.true(root !== undefined && root.seq > 0, what)
  t.not(await readJournal(snapshot, keys, root?.seq ?? 0), undefined, what)
  await snapshot.close()
}

/** The digest of a range by reading all of it. */
async function readDigest(
  database: Database,
  { start, end }: IdRange,
): Promise<{ readonly documents: number; readonly digest: Digest }> {
  const { keys } = database[STORAGE]
  const { gte, lt } = keys.range(KeySpace.document)
  const snapshot = database.snapshot()
  let [documents, digest] = [0, NO_DOCUMENTS]
  const range = {
    gte: start === undefined ? gte : keys.text(KeySpace.document, start),
    lt: end === undefined ? lt : keys.text(KeySpace.document, end),
  }
  for await (const key of snapshot.keys(range)) {
    const id = asDocId(textOfKey(key))
    documents += 1
    digest = addDigests(digest, documentDigest(id, leaves(database.document(id)!.tree)))!
  }
  await snapshot.close()
  return { documents, digest }
}

/** Numbers that a failure can be run again with. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Known {
  readonly rev: Rev
  readonly seq: number
  readonly deleted: boolean
}

/** The expected content of the database, and edits of it at random. */
export class Model {
  readonly documents = new Map<string, Known>()
  readonly #random: (below: number) => number

  constructor(seed: number) {
    this.#random = randomNumbers(seed)
  }

  /** Creates, changes and deletes documents, in one commit or several. */
  async edit(database: Database, count: number): Promise<void> {
    const edits = new Map<string, { _id: string; _rev: Rev | undefined; _deleted: boolean; n: number }>()
    for (let n = 0; n < count; n++) {
      const _id = `${this.#random(3) === 0 ? 'ü' : 'd'}${this.#random(5000)}`
      const known = this.documents.get(_id)
      const _deleted = known !== undefined && !known.deleted && this.#random(3) === 0
      const _rev = known?.deleted === true ? undefined : known?.rev
      edits.set(_id, { _id, _rev, _deleted, n: this.#random(1000) })
    }
    const outcomes = await write(database, [...edits.values()])
    for (const { id, rev, error } of outcomes) {
      if (error !== undefined) throw error
      const { seq } = database.document(id) ?? { seq: 0 }
      this.documents.set(id, { rev: rev, seq, deleted: edits.get(id)?._deleted === true })
    }
  }

  async purge(database: Database, count: number): Promise<void> {
    const ids = [...this.documents.keys()]
    for (let n = 0; n < count && ids.length > 0; n++) {
      const id = ids[this.#random(ids.length)]!
      const known = this.documents.get(id)
      if (known === undefined) continue
      await purge(database, [{ id: asDocId(id), revs: [known.rev] }])
      this.documents.delete(id)
    }
  }

  /** Compares ranks with a sorted list. */
  async check(t: ExecutionContext, database: Database, what: string): Promise<void> {
    const live = [...this.documents].filter(([, { deleted }]) => !deleted).map(([id]) => Buffer.from(id))
    const seqs = [...this.documents.values()].map(({ seq }) => seq)
    for (let n = 0; n < 5; n++) {
      const id = Buffer.from(`${n % 2 === 0 ? 'ü' : 'd'}${this.#random(5000)}`)
      const key = database[STORAGE].keys.bytes(KeySpace.document, id)
      const ofIds = await database.ranks.documentsBefore(key)
      t.is(
        ofIds.before,
        live.filter(one => Buffer.compare(one, id) < 0).length,
        `${what}: before ${String(id)}`,
      )
      await ofIds.snapshot.close()
      const seq = this.#random(database.state.seq + 2)
      const ofSeqs = await database.ranks.changesBefore(seq)
      t.is(ofSeqs.before, seqs.filter(one => one < seq).length, `${what}: before ${seq}`)
      await ofSeqs.snapshot.close()
    }
    await this.checkDigests(t, database, what)
  }

  /** Compares digests of ranges, and of parts of one, with documents that are read. */
  async checkDigests(t: ExecutionContext, database: Database, what: string): Promise<void> {
    const { signal } = new AbortController()
    const all = { start: undefined, end: undefined }
    const bounds = Array.from(
      { length: 4 },
      () => `${this.#random(2) === 0 ? 'ü' : 'd'}${this.#random(5000)}`,
    )
    const sorted = bounds.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const ranges = [all, ...sorted.map((start, index) => ({ start, end: sorted[index + 1] }))]
    const digests = database.digests!
    const parts = await digests.split(all, 7, signal)
    for (const range of [...(await digests.of(ranges, signal)).ranges, ...parts.ranges]) {
      const { start, end, documents, digest } = range
      t.deepEqual(
        { documents, digest },
        await readDigest(database, { start, end }),
        `${what}: ${start} to ${end}`,
      )
    }
    t.is(await digestDifference(database), undefined, what)
  }

  /** Ids of live documents, in their order. */
  get ids(): string[] {
    const live = [...this.documents].filter(([, { deleted }]) => !deleted).map(([id]) => id)
    return live.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }
}
