import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'
import { externalTerm } from '../../protocol/json/canonical.ts'
import { newRevId } from '../../protocol/revision-id.ts'
import { generationOf, hashOf, makeRev, type Rev } from '../../protocol/revision.ts'
import { findRev } from '../../protocol/revtree/history.ts'
import { BadEvent } from '../../protocol/streams/bad-event.ts'
import { contentDigest } from '../../protocol/streams/content-digest.ts'
import type { EventSource } from '../../protocol/streams/event-source.ts'
import { type ExactObject, isExactObject, parseExact, printExact } from '../../protocol/streams/exact-json.ts'
import { changedMembers } from '../../protocol/streams/row-changes.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { checkIdIn } from '../database/documents/document-limits.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { readLocalDocuments } from '../database/documents/local-documents.ts'
import type { StoredDocument } from '../database/documents/stored-document.ts'
import type { IngestedChange } from './ingested.ts'
import type { PreparedChange } from './prepared-events.ts'
import { rowBodies } from './row-bodies.ts'
import { decodeState, DELETED, earlierEvents, encodeState, isRepeated, type RowState } from './row-state.ts'

interface Row {
  state: RowState
  /** Body of the last version in this batch; undefined if none came yet, and of a deletion. */
  body?: Uint8Array
  /** The document, where it may be the source's first version already. */
  document?: StoredDocument
  isChanged: boolean
}

type Write = PreparedChange & { readonly kind: 'write' }

const EMPTY = Buffer.from('{}')

/**
 * The versions of rows that a batch of events makes. Each becomes a revision whose parent is the version of that row that
 * came from the same source before, so that an edit that was made here meanwhile stays, as a conflict.
 */
export class RowVersions {
  readonly edits: DocumentEdit[] = []
  readonly #database: Database
  readonly #limits: DocumentLimits
  readonly #rows = new Map<DocId, Row>()

  constructor(database: Database, limits: DocumentLimits) {
    this.#database = database
    this.#limits = limits
  }

  /** Reads the states of rows, in one go, and the documents of those that have none. */
  async load(changes: readonly PreparedChange[]): Promise<void> {
    const wanted = new Map<DocId, DocId>()
    for (const { row, id } of changes) if (!this.#rows.has(row)) wanted.set(row, id)
    const rows = [...wanted.keys()]
    const records = await readLocalDocuments(this.#database, rows)
    const fresh: DocId[] = []
    for (const [index, row] of rows.entries()) {
      const state = decodeState(records[index]?.body)
      this.#rows.set(row, { state, isChanged: false })
      if (state.rev === undefined) fresh.push(row)
    }
    const documents = await this.#database.documents(fresh.map(row => wanted.get(row)!))
    for (const [index, row] of fresh.entries()) {
      const document = documents[index]
      if (document !== undefined) this.#rows.get(row)!.document = document
    }
  }

  /** The states that changed, to be written in the same commit. */
  get locals(): LocalEdit[] {
    const locals: LocalEdit[] = []
    for (const [id, { state, isChanged }] of this.#rows)
      if (isChanged) locals.push({ id, rev: undefined, deleted: false, body: encodeState(state) })
    return locals
  }

  /**
   * Takes a change in; its row was loaded.
   *
   * @throws BadEvent, and what the limits on documents refuse; then nothing of it is taken in
   */
  take(change: PreparedChange, source: EventSource): IngestedChange {
    const { id } = change
    checkIdIn(this.#database, id)
    const row = this.#rows.get(change.row)!
    if (isRepeated(row.state, source, () => digestOf(change)))
      return { id, outcome: 'duplicate', ...revOf(row.state) }
    const place = placeOf(row.state, source)
    if (change.kind === 'delete') return this.#delete(id, row, place)
    return this.#write(change.kind === 'write' ? change : this.#whole(change, row), row, place)
  }

  /** Takes a revision in as it is. */
  takeRevision(edit: DocumentEdit): IngestedChange {
    checkIdIn(this.#database, edit.id)
    this.edits.push(edit)
    return { id: edit.id, rev: makeRev(edit.revs.start, edit.revs.hashes[0] ?? ''), outcome: 'stored' }
  }

  /** Completes a change that leaves members as they are. */
  #whole({ id, row: rowId, change }: PreparedChange & { readonly kind: 'partial' }, row: Row): Write {
    const members = changedMembers(change, this.#membersOf(id, row))
    const [body] = rowBodies([printExact(members)], this.#limits)
    if (body === undefined || body instanceof CouchError) throw body ?? new Error('a row without a body')
    return { kind: 'write', id, row: rowId, digest: contentDigest(members), ...body }
  }

  #write({ id, digest, body, term }: Write, row: Row, place: Place): IngestedChange {
    const known = this.#known(id, row, digest, place, body)
    if (known !== undefined) return known
    const rev = this.#edit(id, row.state.rev, { deleted: false, body, term })
    remember(row, { ...place, rev, digest }, body)
    return { id, rev, outcome: 'stored' }
  }

  #delete(id: DocId, row: Row, place: Place): IngestedChange {
    const known = this.#known(id, row, DELETED, place)
    if (known !== undefined) return known
    if (row.state.rev === undefined) {
      if (row.document?.deleted === false)
        throw new BadEvent(
          'unknown_row',
          `${id} was deleted there, and is here from elsewhere: it is left as it is`,
        )
      return { id, outcome: 'unchanged' }
    }
    const rev = this.#edit(id, row.state.rev, { deleted: true, body: EMPTY, term: externalTerm(EMPTY) })
    remember(row, { ...place, rev, digest: DELETED })
    return { id, rev, outcome: 'stored' }
  }

  /** Returns the outcome for a version that is here already: as the last one of the row, as one that was sent, or by chance. */
  #known(id: DocId, row: Row, digest: string, place: Place, body?: Uint8Array): IngestedChange | undefined {
    const { rev, sent = [] } = row.state
    const echo = sent.findIndex(version => version.digest === digest)
    if (echo >= 0) {
      remember(row, { ...place, rev: sent[echo]!.rev, digest, sent: sent.slice(echo + 1) }, body)
      return { id, rev: sent[echo]!.rev, outcome: 'echo' }
    }
    if (rev !== undefined && row.state.digest === digest) {
      remember(row, { ...row.state, ...place }, body)
      return { id, rev, outcome: 'unchanged' }
    }
    if (rev !== undefined) return undefined
    const winner = this.#equalWinner(row, digest)
    if (winner === undefined) return undefined
    remember(row, { ...place, rev: winner, digest }, body)
    return { id, rev: winner, outcome: 'unchanged' }
  }

  /** The source's first version of a row may be what the document is already: then there is nothing to conflict. */
  #equalWinner({ document }: Row, digest: string): Rev | undefined {
    if (document === undefined || document.deleted || document.body === 0) return undefined
    const members = membersOfBody(this.#database, document.body)
    return members !== undefined && contentDigest(members) === digest ? document.rev : undefined
  }

  /** The members of the row's last version; if they were compacted away, those of the document. */
  #membersOf(id: DocId, row: Row): ExactObject | undefined {
    if (row.body !== undefined) return membersOf(row.body)
    const document = this.#database.document(id)
    if (document === undefined) return undefined
    const { rev } = row.state
    const node = rev === undefined ? undefined : findRev(document.tree, rev)
    const own = node === undefined ? undefined : membersOfBody(this.#database, node.body)
    return own ?? (document.deleted ? undefined : membersOfBody(this.#database, document.body))
  }

  #edit(
    id: DocId,
    parent: Rev | undefined,
    { deleted, body, term }: { deleted: boolean; body: Uint8Array; term: Uint8Array },
  ): Rev {
    const rev = newRevId({ deleted, parent, body: term, attachments: [] })
    const hashes = parent === undefined ? [hashOf(rev)] : [hashOf(rev), hashOf(parent)]
    const revs = { start: generationOf(rev), hashes }
    this.edits.push({ id, revs, deleted, body, term: undefined, attachments: [] })
    return rev
  }
}

/** The place of an event, and those of the events before it. */
type Place = Pick<RowState, 'position' | 'time' | 'earlier'>

function placeOf(state: RowState, { position, time = state.time }: EventSource): Place {
  if (position === undefined) return {}
  return { position, ...(time === undefined ? {} : { time }), earlier: earlierEvents(state) }
}

/** Undefined for a change that leaves members as they are. */
function digestOf(change: PreparedChange): string | undefined {
  if (change.kind === 'delete') return DELETED
  return change.kind === 'write' ? change.digest : undefined
}

function revOf({ rev }: RowState): { rev?: Rev } {
  return rev === undefined ? {} : { rev }
}

function remember(row: Row, state: RowState, body?: Uint8Array): void {
  row.state = state.sent === undefined ? { ...state, sent: row.state.sent ?? [] } : state
  row.isChanged = true
  if (body === undefined) delete row.body
  else row.body = body
}

function membersOfBody(database: Database, body: number): ExactObject | undefined {
  try {
    return membersOf(database.body(body).body)
  } catch {
    return undefined
  }
}

function membersOf(body: Uint8Array): ExactObject | undefined {
  const value = parseExact(body)
  return isExactObject(value) ? value : undefined
}
