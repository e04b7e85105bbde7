import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { asDocId, isLocalId, parseDocId, type DocId } from '../../protocol/document-id.ts'
import { externalTerm } from '../../protocol/json/canonical.ts'
import { newRevId } from '../../protocol/revision-id.ts'
import { generationOf, hashOf, makeRev, type Rev } from '../../protocol/revision.ts'
import { findRev } from '../../protocol/revtree/history.ts'
import { BadEvent } from '../../protocol/streams/bad-event.ts'
import { contentDigest } from '../../protocol/streams/content-digest.ts'
import type { EventSource } from '../../protocol/streams/event-source.ts'
import { type ExactObject, isExactObject, parseExact, printExact } from '../../protocol/streams/exact-json.ts'
import { changedMembers, type DocumentChange } from '../../protocol/streams/row-changes.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { checkIdIn } from '../database/documents/document-limits.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { readLocalDocuments } from '../database/documents/local-documents.ts'
import type { IngestedChange } from './ingested.ts'
import {
  decodeState,
  DELETED,
  earlierEvents,
  encodeState,
  isRepeated,
  type RowState,
  stateId,
} from './row-state.ts'

interface Row {
  state: RowState
  /** Members of the last version in this batch; undefined if none came yet. */
  members?: ExactObject
  isChanged: boolean
}

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

  /** Reads the states of rows, in one go. */
  async load(rows: readonly { readonly source: EventSource; readonly id: string }[]): Promise<void> {
    const ids = [...new Set(rows.map(({ source, id }) => stateId(source.name, asDocId(id))))]
    const wanted = ids.filter(id => !this.#rows.has(id))
    const records = await readLocalDocuments(this.#database, wanted)
    for (const [index, id] of wanted.entries())
      this.#rows.set(id, { state: decodeState(records[index]?.body), isChanged: false })
  }

  /** The states that changed, to be written in the same commit. */
  get locals(): LocalEdit[] {
    return [...this.#rows]
      .filter(([, { isChanged }]) => isChanged)
      .map(([id, { state }]) => ({ id, rev: undefined, deleted: false, body: encodeState(state) }))
  }

  /**
   * Takes a change in; its row was loaded.
   *
   * @throws BadEvent, and what the limits on documents refuse
   */
  take(change: DocumentChange, source: EventSource): IngestedChange {
    const id = this.#documentId(change.id)
    const row = this.#rows.get(stateId(source.name, id))!
    if (isRepeated(row.state, source, () => digestOf(change)))
      return { id, outcome: 'duplicate', ...revOf(row.state) }
    const place = placeOf(row.state, source)
    return change.kind === 'delete' ? this.#delete(id, row, place) : this.#write(id, row, change, place)
  }

  /** Takes a revision in as it is. */
  takeRevision(edit: DocumentEdit): IngestedChange {
    checkIdIn(this.#database, edit.id)
    this.edits.push(edit)
    return { id: edit.id, rev: makeRev(edit.revs.start, edit.revs.hashes[0] ?? ''), outcome: 'stored' }
  }

  #documentId(text: string): DocId {
    const id = parseDocId(text, this.#limits.maxIdBytes)
    if (isLocalId(id)) throw new BadEvent('missing_key', `${id} is no id of a row`)
    checkIdIn(this.#database, id)
    return id
  }

  #write(
    id: DocId,
    row: Row,
    change: Exclude<DocumentChange, { kind: 'delete' }>,
    place: Place,
  ): IngestedChange {
    const isPartial = change.kind === 'patch' || change.keep.length > 0
    const present = isPartial ? this.#membersOf(id, row) : undefined
    const members = changedMembers(change, present)
    const digest = contentDigest(members)
    const known = this.#known(id, row, digest, place, members)
    if (known !== undefined) return known
    const input = parseDocument(Buffer.from(printExact(members)), { ...this.#limits, term: true })
    if (input.refusal !== undefined) throw input.refusal
    const rev = this.#edit(id, row.state.rev, { deleted: false, body: input.body, term: input.term! })
    remember(row, { ...place, rev, digest }, members)
    return { id, rev, outcome: 'stored' }
  }

  #delete(id: DocId, row: Row, place: Place): IngestedChange {
    const known = this.#known(id, row, DELETED, place)
    if (known !== undefined) return known
    if (row.state.rev === undefined) {
      const document = this.#database.document(id)
      if (document !== undefined && !document.deleted)
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
  #known(
    id: DocId,
    row: Row,
    digest: string,
    place: Place,
    members?: ExactObject,
  ): IngestedChange | undefined {
    const { rev, sent = [] } = row.state
    const echo = sent.findIndex(version => version.digest === digest)
    if (echo >= 0) {
      remember(row, { ...place, rev: sent[echo]!.rev, digest, sent: sent.slice(echo + 1) }, members)
      return { id, rev: sent[echo]!.rev, outcome: 'echo' }
    }
    if (rev !== undefined && row.state.digest === digest) {
      remember(row, { ...row.state, ...place }, members)
      return { id, rev, outcome: 'unchanged' }
    }
    if (rev !== undefined) return undefined
    const winner = this.#equalWinner(id, digest)
    if (winner === undefined) return undefined
    remember(row, { ...place, rev: winner, digest }, members)
    return { id, rev: winner, outcome: 'unchanged' }
  }

  /** The source's first version of a row may be what the document is already: then there is nothing to conflict. */
  #equalWinner(id: DocId, digest: string): Rev | undefined {
    const document = this.#database.document(id)
    if (document === undefined || document.deleted || document.body === 0) return undefined
    const members = membersOfBody(this.#database, document.body)
    return members !== undefined && contentDigest(members) === digest ? document.rev : undefined
  }

  /** The members of the row's last version; if they were compacted away, those of the document. */
  #membersOf(id: DocId, row: Row): ExactObject | undefined {
    if (row.members !== undefined) return row.members
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
function digestOf(change: DocumentChange): string | undefined {
  if (change.kind === 'delete') return DELETED
  return change.kind === 'write' && change.keep.length === 0 ? contentDigest(change.members) : undefined
}

function revOf({ rev }: RowState): { rev?: Rev } {
  return rev === undefined ? {} : { rev }
}

function remember(row: Row, state: RowState, members?: ExactObject): void {
  row.state = { sent: row.state.sent ?? [], ...state }
  row.isChanged = true
  if (members === undefined) delete row.members
  else row.members = members
}

function membersOfBody(database: Database, body: number): ExactObject | undefined {
  try {
    const value = parseExact(database.body(body).body)
    return isExactObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
