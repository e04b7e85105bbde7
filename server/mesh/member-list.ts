import { asDatabaseName } from '../../protocol/database-name.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { CouchError } from '../../protocol/errors.ts'
import { type MeshState, meshStateOf } from '../../protocol/mesh/members.ts'
import { SERVER } from '../../protocol/user-context.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocument } from '../database/documents/local-documents.ts'
import { findWinner, readRevision } from '../database/documents/read-document.ts'
import { writeDocuments } from '../database/documents/write-documents.ts'
import { scanDocuments } from '../database/reading/document-scan.ts'
import { memberIdOf } from './identity.ts'

/** The replicated database of a mesh's members. */
export const MEMBERS = asDatabaseName('_mesh_members')

const PAGE = 200
const TRIES = 5
const NOBODY: MeshState = {
  settings: undefined,
  members: new Map(),
  removed: new Set(),
  security: new Map(),
  passive: new Map(),
}

type Members = Readonly<Record<string, unknown>>

/** Members of the mesh, read from `_mesh_members` and kept until that changes. */
export class MemberList {
  readonly #catalog: Catalog
  #state: Promise<MeshState> | undefined

  constructor(catalog: Catalog) {
    this.#catalog = catalog
    catalog.listen((_event, name) => {
      if (name === MEMBERS) this.#state = undefined
    })
  }

  read(): Promise<MeshState> {
    return (this.#state ??= this.#read().catch((error: unknown) => {
      this.#state = undefined
      throw error
    }))
  }

  async create(): Promise<void> {
    if (!(await this.#catalog.exists(MEMBERS))) await this.#catalog.create(MEMBERS, { partitioned: false })
  }

  async drop(): Promise<void> {
    if (await this.#catalog.exists(MEMBERS)) await this.#catalog.drop(MEMBERS)
  }

  /** Returns a document without `_id` and `_rev`; undefined where it is not there. */
  async document(id: DocId): Promise<Members | undefined> {
    const database = await this.#database()
    return database && bodyOf(database, id)
  }

  /** Writes a document on top of what is there. */
  async write(id: DocId, body: object): Promise<void> {
    const database = await this.#catalog.open(MEMBERS)
    for (let tries = 0; ; tries++) {
      const stored = database.document(id)
      const rev = stored === undefined || stored.deleted ? undefined : findWinner(database, id).node.rev
      const input = parseDocument(Buffer.from(JSON.stringify(body)), { term: true })
      const [outcome] = await writeDocuments(database, [{ id, input: { ...input, rev } }], {
        replicated: false,
        user: SERVER,
      })
      if (outcome?.error === undefined) return
      if (outcome.error.status !== 409 || tries === TRIES) throw outcome.error
    }
  }

  /** Reads a `_local` document, which stays on this node. */
  async readLocal<T>(id: DocId): Promise<T | undefined> {
    const database = await this.#database()
    const stored = database && (await readLocalDocument(database, id))
    return stored && (JSON.parse(Buffer.from(stored.body).toString()) as T)
  }

  /** @param body null deletes it */
  async writeLocal(id: DocId, body: object | null): Promise<void> {
    const database = await this.#catalog.open(MEMBERS)
    const text = Buffer.from(JSON.stringify(body ?? {}))
    await database.write({
      kind: 'edit_local_documents',
      edits: [{ id, rev: undefined, deleted: body === null, body: text }],
    })
  }

  async #read(): Promise<MeshState> {
    const database = await this.#database()
    if (database === undefined) return NOBODY
    const documents: [string, Members][] = []
    const scan = scanDocuments(database, { reverse: false })
    try {
      for (let found = await scan.next(PAGE); found.length > 0; found = await scan.next(PAGE))
        for (const { id, summary } of found) {
          const body = summary.deleted ? undefined : bodyOf(database, id)
          if (body !== undefined) documents.push([id, body])
        }
    } finally {
      await scan.close()
    }
    return meshStateOf(documents, memberIdOf)
  }

  #database(): Promise<Database | undefined> {
    return this.#catalog.open(MEMBERS).catch((error: unknown) => {
      if (error instanceof CouchError && error.status === 404) return undefined
      throw error
    })
  }
}

function bodyOf(database: Database, id: DocId): Members | undefined {
  const stored = database.document(id)
  if (stored === undefined || stored.deleted) return undefined
  const { record } = readRevision(database, id, findWinner(database, id), {}, SERVER)
  return JSON.parse(Buffer.from(record.body).toString()) as Members
}
