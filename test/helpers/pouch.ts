import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { call } from './http.ts'
import { tempDir } from './temp.ts'
import { startServer } from './server.ts'

/** The part of PouchDB that the tests use, which brings no types. */
export interface Pouch {
  put(doc: PouchDoc): Promise<{ id: string; rev: string }>
  get(id: string, options?: Record<string, unknown>): Promise<PouchDoc>
  remove(id: string, rev: string): Promise<unknown>
  bulkDocs(docs: readonly PouchDoc[]): Promise<readonly { ok?: true }[]>
  allDocs(options?: Record<string, unknown>): Promise<{ rows: { id: string; value: { rev: string } }[] }>
  getAttachment(id: string, name: string): Promise<Buffer>
  changes(options: Record<string, unknown>): Emitter
  close(): Promise<void>
}

export interface PouchDoc {
  readonly _id: string
  readonly _rev?: string
  readonly _conflicts?: readonly string[]
  readonly _attachments?: Readonly<
    Record<string, { readonly digest?: string; readonly data?: string | Buffer }>
  >
  readonly [member: string]: unknown
}

export interface Emitter extends Promise<unknown> {
  on(event: string, listener: (value: never) => void): Emitter
  cancel(): void
}

export interface Replicated {
  readonly ok: boolean
  readonly docs_read: number
  readonly docs_written: number
}

interface PouchDB {
  new (name: string): Pouch
  replicate(source: Pouch, target: Pouch, options?: Record<string, unknown>): Promise<Replicated>
  sync(a: Pouch, b: Pouch, options: { live: true; retry: true }): Emitter
  sync(a: Pouch, b: Pouch): Promise<{ push: Replicated; pull: Replicated }>
}

export const PouchDB = createRequire(import.meta.url)('pouchdb') as PouchDB

export interface PouchWorld {
  /** The server's URL, and that of its database. */
  readonly url: string
  readonly database: string
  readonly remote: Pouch
  /** A new database of PouchDB's own, on LevelDB. */
  readonly local: () => Pouch
}

/** A server with a database, seen by PouchDB, and any number of local databases; all closed after the use. */
export async function withPouch(use: (world: PouchWorld) => Promise<void>): Promise<void> {
  const [server, dir] = await Promise.all([startServer(), tempDir()])
  const opened: Pouch[] = []
  const open = (name: string) => {
    const pouch = new PouchDB(name)
    opened.push(pouch)
    return pouch
  }
  try {
    const database = `${server.url}/interop`
    await call(server.url, 'PUT', '/interop')
    const local = () => open(join(dir.path, randomBytes(4).toString('hex')))
    await use({ url: server.url, database, remote: open(database), local })
  } finally {
    await Promise.all(opened.map(pouch => pouch.close()))
    await server.close()
    await dir.remove()
  }
}

/** Every document's winner, "id rev", in the order of the ids. */
export async function winnersOf(pouch: Pouch): Promise<string[]> {
  const { rows } = await pouch.allDocs()
  return rows.map(({ id, value }) => `${id} ${value.rev}`)
}
