import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { parseReplicated } from '../../protocol/document/parse.ts'
import { isLocalId, parseDocId } from '../../protocol/document-id.ts'
import { BadEvent } from '../../protocol/streams/bad-event.ts'
import type { RawEvent } from '../../protocol/streams/envelope.ts'
import type { EventSource } from '../../protocol/streams/event-source.ts'
import { type ExactObject, isExactObject, printExact } from '../../protocol/streams/exact-json.ts'
import { fillIdTemplate, type IdTemplate } from '../../protocol/streams/id-template.ts'
import { type DocumentChange, memberName } from '../../protocol/streams/row-changes.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { toEdit } from '../database/documents/edit-from-input.ts'

/** An event of the format `document`. */
export type DocumentEvent =
  /** A revision as it is, as another Couchette's sink sends it. */
  | { readonly kind: 'revision'; readonly edit: DocumentEdit }
  | { readonly kind: 'row'; readonly source: EventSource; readonly changes: readonly DocumentChange[] }
  | { readonly kind: 'tombstone' }

/**
 * Reads an event of the format `document`: a row of a changes feed with its document, or a document. Without a revision it
 * is a row of the topic, whose id is `_id` or comes from the template.
 *
 * @throws BadEvent, and what the limits on documents refuse
 */
export function parseDocumentEvent(
  { key, value }: RawEvent,
  { topic, template, limits }: { topic: string; template: IdTemplate | undefined; limits: DocumentLimits },
): DocumentEvent {
  if (value === null) return { kind: 'tombstone' }
  if (!isExactObject(value)) throw new BadEvent('not_an_event', 'the event is no JSON object')
  const doc = value.get('doc')
  const document = isExactObject(doc) && value.has('changes') ? doc : value
  if (document.has('_rev') || document.has('_revisions')) return revision(document, limits)
  const id = document.get('_id')
  const named = typeof id === 'string' ? id : idFrom(template, document, isExactObject(key) ? key : null)
  const source = {
    connector: 'document',
    name: `document:${topic}`,
    position: undefined,
    time: undefined,
    isSnapshot: false,
  }
  if (document.get('_deleted') === true)
    return { kind: 'row', source, changes: [{ kind: 'delete', id: named }] }
  const members = new Map(
    [...document].filter(([name]) => name !== '_id').map(([name, one]) => [memberName(name), one]),
  )
  return { kind: 'row', source, changes: [{ kind: 'write', id: named, members, keep: [] }] }
}

function idFrom(template: IdTemplate | undefined, document: ExactObject, key: ExactObject | null): string {
  if (template === undefined)
    throw new BadEvent('missing_key', 'the document has no `_id`, and there is no template')
  return fillIdTemplate(template, [document, key])
}

function revision(document: ExactObject, limits: DocumentLimits): DocumentEvent {
  const input = parseReplicated(Buffer.from(printExact(document)), limits)
  if (input.refusal !== undefined) throw input.refusal
  if (input.attachments !== undefined)
    throw new BadEvent('unknown_value', 'the document has attachments, which are not in the stream')
  const id = parseDocId(input.id, limits.maxIdBytes)
  if (isLocalId(id)) throw new BadEvent('missing_key', `${id} is no id of a document`)
  return { kind: 'revision', edit: toEdit(id, input, { replicated: true, attachments: [] }) }
}
