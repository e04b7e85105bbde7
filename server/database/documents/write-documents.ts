import type { AttachmentInput } from '../../../protocol/document/attachment-input.ts'
import { fail } from '../../../protocol/errors.ts'
import { isLocalId } from '../../../protocol/document-id.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import { generationOf, MAX_GENERATION, type Rev } from '../../../protocol/revision.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import type { ReceivedAttachment } from '../../attachments/upload.ts'
import { TimeSlice } from '../../concurrency/time-slice.ts'
import { applyWriteRules } from './apply-rules.ts'
import type { Database } from '../database.ts'
import { toEdit } from './edit-from-input.ts'
import type { DocumentToWrite, DocumentWriteOptions } from './document-to-write.ts'
import type { EditAttachment, EditOutcome } from './edit.ts'

export type { DocumentToWrite, DocumentWriteOptions } from './document-to-write.ts'

/**
 * Writes documents with their attachments: inline data goes to the attachment store first, and is given up again where
 * its document is refused. The rules of system databases have their say first. `_local` documents go with the others.
 *
 * @returns an outcome for each document, in their order, when all are on disk
 */
export async function writeDocuments(
  database: Database,
  documents: readonly DocumentToWrite[],
  options: DocumentWriteOptions,
): Promise<readonly EditOutcome[]> {
  if (database.writeElsewhere !== undefined) return database.writeElsewhere(documents, options)
  const isRefused = (document: DocumentToWrite): boolean =>
    document.input.refusal !== undefined || (options.replicated && isBeyondGenerations(document))
  const isOrdinary = (document: DocumentToWrite): boolean => !isRefused(document) && !isLocalId(document.id)
  if (documents.every(isOrdinary)) return writeStored(database, documents, options)
  const accepted = documents.filter(document => !isRefused(document))
  const local = accepted.filter(({ id }) => isLocalId(id))
  const others = accepted.filter(({ id }) => !isLocalId(id))
  const [ofLocal, ofOthers] = await Promise.all([
    writeLocal(database, local, options.user),
    writeStored(database, others, options),
  ])
  const outcomes = new Map<DocumentToWrite, EditOutcome>()
  for (const [index, document] of local.entries()) outcomes.set(document, ofLocal[index]!)
  for (const [i, document] of others.entries()) outcomes.set(document, ofOthers[i]!)
  return documents.map(document => outcomes.get(document) ?? refusalOf(document))
}

function isBeyondGenerations({ id, input }: DocumentToWrite): boolean {
  return input.rev !== undefined && !isLocalId(id) && generationOf(input.rev) > MAX_GENERATION
}

function refusalOf({ id, input }: DocumentToWrite): EditOutcome {
  return { id, error: input.refusal ?? fail('badGeneration') }
}

async function writeLocal(
  database: Database,
  documents: readonly DocumentToWrite[],
  user: UserContext,
): Promise<EditOutcome[]> {
  if (documents.length === 0) return []
  const edits = documents.map(({ id, input: { rev, deleted, body } }) => ({ id, rev, deleted, body }))
  const revs = await database.write({ kind: 'edit_local_documents', edits, user })
  return documents.map(({ id }, index) => ({ id, rev: revs[index]! }))
}

async function writeStored(
  database: Database,
  documents: readonly DocumentToWrite[],
  options: DocumentWriteOptions,
): Promise<readonly EditOutcome[]> {
  if (documents.length === 0) return []
  const held: ReceivedAttachment[] = []
  const { replicated, user } = options
  try {
    const edits = []
    const slice = new TimeSlice()
    for (const document of documents) {
      if (held.length > 0 && slice.isOver) await slice.pause()
      const { id, input } = document
      const attachments = hasAttachments(document)
        ? await attachmentsOf(database.attachments, document, { replicated, held })
        : NONE
      const ruled = applyWriteRules(database, id, input, user)
      // Most databases have no rules: what is there at once is not waited for.
      const allowed = ruled instanceof Promise ? await ruled : ruled
      // A front thread computed the revision of the document as it was sent. Where the rules changed it, it is computed again.
      const newRev = allowed === input ? document.newRev : undefined
      edits.push(toEdit(id, allowed, { replicated, attachments, newRev }))
    }
    return await database.update(edits, options)
  } finally {
    for (const attachment of held) attachment.release()
  }
}

/**
 * Writes one document as `writeDocuments` does, and returns its new revision.
 *
 * @throws {CouchError} the outcome of a refused edit: `conflict`, `forbidden`, ...
 */
export async function writeDocument(
  database: Database,
  document: DocumentToWrite,
  options: DocumentWriteOptions,
): Promise<Rev> {
  const [outcome] = await writeDocuments(database, [document], options)
  if (outcome === undefined || outcome.error !== undefined) throw outcome?.error ?? fail('conflict')
  return outcome.rev
}

const NONE: readonly EditAttachment[] = []
const NO_BYTES = new Uint8Array(0)

function hasAttachments({ input, added }: DocumentToWrite): boolean {
  return input.attachments !== undefined || added !== undefined
}

export interface Receiving {
  readonly replicated: boolean
  /** Collects received attachments, which the caller releases after the write. */
  readonly held: ReceivedAttachment[]
}

/** Returns the attachments of an edit; what comes inline goes to the attachment store first. */
export async function attachmentsOf(
  store: Attachments,
  { input, received = [], added = [] }: DocumentToWrite,
  { replicated, held }: Receiving,
): Promise<EditAttachment[]> {
  const replaced = new Set(added.map(({ metadata }) => metadata.name))
  const own = (input.attachments ?? []).filter(({ name }) => !replaced.has(name))
  const attachments = added.map(({ metadata }): EditAttachment => ({ kind: 'stored', attachment: metadata }))
  const following = [...received]
  for (const one of own) {
    if (one.stub) {
      attachments.push(stubOf(one))
      continue
    }
    const attachment = one.follows
      ? following.shift()
      : (receiveNow(store, one) ?? (await receive(store, one)))
    if (attachment === undefined) continue
    if (!one.follows) held.push(attachment)
    const revpos = replicated ? (one.revpos ?? 0) : undefined
    attachments.push({
      kind: 'stored',
      attachment: { ...attachment.metadata, ...(revpos === undefined ? {} : { revpos }) },
    })
  }
  return attachments
}

function receiveNow(
  store: Attachments,
  { name, contentType, data }: AttachmentInput,
): ReceivedAttachment | undefined {
  return store.receiveNow({ name, contentType }, data ?? NO_BYTES)
}

function receive(
  store: Attachments,
  { name, contentType, data }: AttachmentInput,
): Promise<ReceivedAttachment> {
  const incoming = { name, contentType, encoding: 'identity' as const, announced: data?.length }
  return store.receive(incoming, data === undefined ? [] : [data])
}

function stubOf({ name, revpos, digest }: AttachmentInput): EditAttachment {
  return {
    kind: 'stub',
    name,
    ...(revpos === undefined ? {} : { revpos }),
    ...(digest === undefined ? {} : { digest: `md5-${digest.toString('base64')}` }),
  }
}
