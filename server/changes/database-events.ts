import { asDatabaseName } from '../../protocol/database-name.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { SERVER } from '../../protocol/user-context.ts'
import type { Catalog, DatabaseEvent } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { toEdit } from '../database/documents/edit-from-input.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { createdDatabases, eventId, GLOBAL_CHANGES, keepNoHistory, toldSeq } from './event-log.ts'

/** The map of databases, which in CouchDB is a database itself: it is updated by each creation and deletion. */
const DATABASE_MAP = '_dbs'

/** Events of the same kind that come within this time are one. */
const GATHER_MS = 50

interface Event {
  readonly id: DocId
  readonly type: DatabaseEvent
  readonly name: string
}

/**
 * Events of databases, for `_db_updates`: as in CouchDB, each kind of event of each database is a document of
 * `_global_changes`, so that its changes are the events in order, each at its latest. Written a moment later, many at a
 * time; what a crash takes is found at the next start by comparing sequences.
 */
export class DatabaseEvents {
  readonly #catalog: Catalog
  readonly #unlisten: () => void
  readonly #onFailure: (error: unknown) => void
  readonly #waiting = new Map<DocId, Event>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  readonly #recovering: Promise<void>
  #closed = false

  constructor(catalog: Catalog, onFailure: (error: unknown) => void) {
    this.#catalog = catalog
    this.#onFailure = onFailure
    this.#unlisten = catalog.listen((type, name) => {
      if (name !== GLOBAL_CHANGES) this.#note(type, name)
    })
    this.#recovering = this.#recover().catch(onFailure)
  }

  /** Writes what waits. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unlisten()
    await this.#recovering
    clearTimeout(this.#timer)
    this.#flush()
    await this.#writing
  }

  #note(type: DatabaseEvent, name: string): void {
    // Documents of one write take their sequences in the order of their ids: what must come later is written later.
    if (type === 'created' && this.#waiting.has(eventId('deleted', name))) this.#flush()
    if (type === 'deleted') this.#waiting.delete(eventId('updated', name))
    this.#wait(type, name)
    if (type !== 'updated') this.#wait('updated', DATABASE_MAP)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, GATHER_MS)
  }

  #wait(type: DatabaseEvent, name: string): void {
    const id = eventId(type, name)
    this.#waiting.set(id, { id, type, name })
  }

  #flush(): void {
    const events = [...this.#waiting.values()]
    this.#waiting.clear()
    if (events.length === 0) return
    this.#writing = this.#writing.then(() => this.#write(events)).catch(this.#onFailure)
  }

  async #write(events: readonly Event[]): Promise<void> {
    // An administrator may have removed it: then nobody is told.
    if (!(await this.#catalog.exists(GLOBAL_CHANGES))) return
    const log = await this.#catalog.open(GLOBAL_CHANGES)
    const edits: DocumentEdit[] = []
    for (const event of events) edits.push(await this.#editOf(log, event))
    await log.update(edits, { replicated: false, user: SERVER })
  }

  async #editOf(log: Database, { id, type, name }: Event): Promise<DocumentEdit> {
    const seq = type === 'updated' ? await this.#seqOf(name) : undefined
    const input = parseDocument(Buffer.from(JSON.stringify({ seq })), { term: true })
    const rev = log.document(id)?.rev
    return toEdit(id, { ...input, rev }, { replicated: false, attachments: [] })
  }

  /** The update sequence of a database, undefined where there is none. */
  async #seqOf(name: string): Promise<number | undefined> {
    const state = await this.#catalog.stateOf(asDatabaseName(name))
    return state?.seq
  }

  /** Notes what happened after the last event that reached the disk. */
  async #recover(): Promise<void> {
    const log = await this.#catalog.open(GLOBAL_CHANGES)
    await keepNoHistory(log)
    const names = new Set<string>([GLOBAL_CHANGES])
    for await (const name of this.#catalog.names()) {
      if (this.#closed) return
      if (names.has(name)) continue
      names.add(name)
      if (log.document(eventId('created', name)) === undefined) this.#note('created', name)
      const seq = (await this.#seqOf(name)) ?? 0
      if (seq !== toldSeq(log, name)) this.#note('updated', name)
    }
    for await (const { name, seq } of createdDatabases(log)) {
      const isTold = (log.document(eventId('deleted', name))?.seq ?? 0) > seq
      if (!names.has(name) && !isTold) this.#note('deleted', name)
    }
  }
}
