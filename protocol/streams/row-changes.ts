import { BadEvent } from './bad-event.ts'
import { columnValue, type DecimalRoom, isUnavailable } from './column-values.ts'
import type { EventRow, StreamEvent } from './envelope.ts'
import { type ExactObject, isExactObject, parseExact, type ExactValue } from './exact-json.ts'
import { fillIdTemplate, type IdTemplate } from './id-template.ts'
import { mongoId, parseMongoDocument, plainValue } from './mongo-values.ts'
import type { ConnectSchema } from './schema.ts'

/** A change of a document that an event asks for. */
export type DocumentChange =
  | {
      readonly kind: 'write'
      readonly id: string
      /** Members of the document, those of `keep` left out. */
      readonly members: ExactObject
      /** Columns that the database did not log: their present values stay. */
      readonly keep: readonly string[]
    }
  | {
      /** Changes some members and leaves the others as they are. */
      readonly kind: 'patch'
      readonly id: string
      readonly set: ExactObject
      readonly unset: readonly string[]
    }
  | { readonly kind: 'delete'; readonly id: string }

/** Rules by which rows become documents. */
export interface RowMapping {
  readonly template: IdTemplate
  /** Types of columns, for events without a schema. */
  readonly types: ReadonlyMap<string, ConnectSchema>
  /** Shared by events that are read together. Default: one for each value. */
  readonly room?: DecimalRoom
}

type RowEvent = StreamEvent & { readonly kind: 'row' }

/**
 * Returns the changes that an event makes: one, or for a row whose id changed the deletion of the old document and
 * the creation of the new one.
 *
 * @throws BadEvent
 */
export function documentChanges(event: RowEvent, mapping: RowMapping): DocumentChange[] {
  if (event.mongo !== undefined) return [mongoChange(event, event.mongo, mapping)]
  const { template } = mapping
  const { operation, key, before, after } = event
  if (operation === 'delete' || after === null) {
    const places = [key, before].map(row => idColumns(row, mapping))
    return [{ kind: 'delete', id: fillIdTemplate(template, places) }]
  }
  const { members, keep, columns } = rowMembers(after, mapping)
  const id = fillIdTemplate(template, [columns, idColumns(key, mapping)])
  const write = { kind: 'write', id, members, keep } as const
  const former = operation === 'update' ? formerId(template, idColumns(before, mapping)) : undefined
  return former === undefined || former === id ? [write] : [{ kind: 'delete', id: former }, write]
}

/** Most databases log of the row before a change its key at most, so that a template may not be filled from it. */
function formerId(template: IdTemplate, before: ExactObject | null): string | undefined {
  if (before === null) return undefined
  try {
    return fillIdTemplate(template, [before])
  } catch {
    return undefined
  }
}

/** The columns of a row that a template names, converted. */
function idColumns(row: EventRow | null, mapping: RowMapping): ExactObject | null {
  if (row === null) return null
  const found: ExactObject = new Map()
  for (const part of mapping.template.parts) {
    const value = 'column' in part ? row.columns.get(part.column) : undefined
    if ('column' in part && value !== undefined)
      found.set(part.column, converted(part.column, value, row, mapping))
  }
  return found
}

/** The members that a row's columns become; in `columns` they are under the columns' names. */
function rowMembers(
  row: EventRow,
  mapping: RowMapping,
): { members: ExactObject; keep: string[]; columns: ExactObject } {
  const members: ExactObject = new Map()
  const keep: string[] = []
  let isRenamed = false
  row.columns.forEach((value, name) => {
    const member = memberName(name)
    if (isUnavailable(value)) keep.push(member)
    else members.set(member, converted(name, value, row, mapping))
    isRenamed ||= member !== name
  })
  return { members, keep, columns: isRenamed ? idColumns(row, mapping)! : members }
}

function converted(
  name: string,
  value: ExactValue,
  { schema }: EventRow,
  { types, room }: RowMapping,
): ExactValue {
  const type = (types.size === 0 ? undefined : types.get(name)) ?? schema?.fields.get(name)
  if (type === undefined || isUnavailable(value)) return value
  try {
    return columnValue(value, type, room)
  } catch (error) {
    if (error instanceof BadEvent) throw new BadEvent(error.error, `column ${name}: ${error.reason}`)
    throw error
  }
}

const UNDERSCORE = 0x5f

/** Members that begin with "_" belong to CouchDB: those of a row get a "$" in front. */
export function memberName(column: string): string {
  return column.charCodeAt(0) === UNDERSCORE ? `$${column}` : column
}

/** The column that `memberName` made a member's name of. */
export function columnName(member: string): string {
  return member.startsWith('$_') ? member.slice(1) : member
}

function mongoChange(
  { operation, key }: RowEvent,
  { after, before, updateDescription }: NonNullable<RowEvent['mongo']>,
  { template }: RowMapping,
): DocumentChange {
  const keyColumns = mongoKey(key)
  const document = after === null ? undefined : parseMongoDocument(after)
  const places = [keyColumns, document, before === null ? undefined : parseMongoDocument(before)]
  const id = fillIdTemplate(template, places.map(withId))
  if (operation === 'delete') return { kind: 'delete', id }
  if (document !== undefined) return { kind: 'write', id, members: renamed(document), keep: [] }
  if (updateDescription === null) throw new BadEvent('not_an_event', 'the event has no document')
  return { kind: 'patch', id, ...patchOf(updateDescription) }
}

function mongoKey(key: EventRow | null): ExactObject | undefined {
  const id = key?.columns.get('id')
  return typeof id === 'string' ? new Map([['id', mongoId(id)]]) : key?.columns
}

/** A template names MongoDB's `_id` as the key of its connector does: `{id}`. */
function withId(place: ExactObject | undefined): ExactObject | undefined {
  const id = place?.get('_id')
  return place === undefined || id === undefined || place.has('id') ? place : new Map([...place, ['id', id]])
}

function renamed(document: ExactObject): ExactObject {
  return new Map([...document].map(([name, value]) => [memberName(name), value]))
}

/** @throws BadEvent for changes within members, which need the document: the connector can send it whole */
function patchOf(description: ExactObject): { set: ExactObject; unset: string[] } {
  const updated = description.get('updatedFields')
  const removed = description.get('removedFields')
  const truncated = description.get('truncatedArrays')
  const fields = typeof updated === 'string' ? parseExact(Buffer.from(updated)) : (updated ?? null)
  const set = isExactObject(fields) ? fields : new Map<string, ExactValue>()
  const unset = Array.isArray(removed) ? removed.filter(name => typeof name === 'string') : []
  const inside = [...set.keys(), ...unset].find(name => name.includes('.'))
  if (inside !== undefined || (Array.isArray(truncated) && truncated.length > 0)) {
    const what = inside ?? 'an array that was cut'
    const how = 'set capture.mode=change_streams_update_full'
    throw new BadEvent('unknown_value', `the change of ${what} needs the whole document: ${how}`)
  }
  return {
    set: new Map([...set].map(([name, value]) => [memberName(name), plainValue(value)])),
    unset: unset.map(memberName),
  }
}

/**
 * Returns the whole members of a document after a change.
 *
 * @param present the members of the version that is replaced; undefined where they are not known
 * @throws BadEvent `unknown_value` where the change leaves members as they are, and they are not known
 */
export function changedMembers(
  change: Exclude<DocumentChange, { kind: 'delete' }>,
  present: ExactObject | undefined,
): ExactObject {
  if (change.kind === 'write') {
    if (change.keep.length === 0) return change.members
    const kept = change.keep.map((name): [string, ExactValue] => [name, presentValue(present, name)])
    return new Map([...change.members, ...kept])
  }
  if (present === undefined)
    throw new BadEvent('unknown_value', `only changes of ${change.id} came, and the document is not known`)
  const members = new Map([...present, ...change.set])
  for (const name of change.unset) members.delete(name)
  return members
}

function presentValue(present: ExactObject | undefined, name: string): ExactValue {
  const value = present?.get(name)
  if (value !== undefined) return value
  throw new BadEvent('unknown_value', `the value of ${name} was not logged, and it is not known here`)
}
