import { isDesignId } from '../../protocol/document-id.ts'
import { checkValueCount } from '../database/documents/value-count.ts'
import type { DocId } from '../../protocol/document-id.ts'
import type { DocumentInput } from '../../protocol/document/document-input.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { type CouchError, fail } from '../../protocol/errors.ts'
import { jsonMembers } from '../../protocol/json/members.ts'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { isStreamUrl } from '../../protocol/streams/stream-endpoint.ts'
import { ReplicationSyntaxError } from '../../protocol/replication-error.ts'
import type { ReplicationDefaults } from '../../protocol/replication-options.ts'
import { parseReplication } from '../../protocol/replication-request.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import { isDatabaseAdmin } from '../../protocol/security.ts'
import { requireDbAdmin } from '../auth/authorize.ts'
import { isServerAdmin } from '../../protocol/user-context.ts'
import type { Actor, DocumentValidator, ValidatedDocument } from '../database/documents/edit.ts'
import type { DatabaseRules } from '../database/documents/rules.ts'

/** The role of the replicator itself, which writes the states of jobs into their documents. */
export const REPLICATOR_ROLE = '_replicator'

/** Members that may hold credentials. */
const WITH_CREDENTIALS = ['source', 'target', 'proxy', 'source_proxy', 'target_proxy'] as const

const NOT_OWN = "Can't update replication documents from other users."

const NAMED_CREDENTIALS = 'Only server administrators write documents that name credentials.'

type Members = Readonly<Record<string, unknown>>

/** The rules of `_replicator` databases (CouchDB: `couch_replicator_docs`). */
export class ReplicatorRules implements DatabaseRules {
  readonly validator: DocumentValidator
  readonly #defaults: () => ReplicationDefaults
  readonly #maxValues: () => number

  /**
   * @param bodyOf reads a stored body of the database
   * @param maxValues most values that a document may have
   */
  constructor(
    defaults: () => ReplicationDefaults,
    bodyOf: (body: number) => Promise<Uint8Array>,
    maxValues: () => number,
  ) {
    this.#defaults = defaults
    this.#maxValues = maxValues
    this.validator = new OwnerValidator(bodyOf)
  }

  beforeRequest(): void {
    // Nobody but members come here, and what they see is judged document by document.
  }

  /** Documents must be replications, and belong to who writes them. */
  beforeWrite(id: DocId, input: DocumentInput, actor: Actor): DocumentInput {
    if (isDesignId(id) || input.deleted || actor.user.roles.includes(REPLICATOR_ROLE)) return input
    checkValueCount(input.body, this.#maxValues())
    const body = JSON.parse(input.body.toString()) as Members
    if (body._replication_state !== 'failed') this.#check(body)
    if (namesCredentials(body) && !isServerAdmin(actor.user)) throw fail('forbidden', NAMED_CREDENTIALS)
    return withOwner(input, body, actor)
  }

  requireWholeView({ user, security }: Actor): void {
    requireDbAdmin(user, security)
  }

  /** Removes credentials for readers who neither own the document nor administer the database. */
  afterRead(id: DocId, json: Buffer, { user, security }: Actor): Buffer {
    if (isDesignId(id) || isDatabaseAdmin(user, security)) return json
    const document = JSON.parse(json.toString()) as Members
    // Anonymous users are not one user: a document without an owner's name is nobody's own.
    if (typeof document.owner === 'string' && document.owner === user.name) return json
    const hidden = WITH_CREDENTIALS.filter(name => name in document).map(name => [
      name,
      withoutCredentials(document[name]),
    ])
    return Buffer.from(JSON.stringify({ ...document, ...Object.fromEntries(hidden) }))
  }

  #check(body: Members): void {
    try {
      parseReplication(body, this.#defaults())
    } catch (error) {
      if (!(error instanceof ReplicationSyntaxError)) throw error
      const { kind, reason } = error
      throw fail('forbidden', kind === 'bad_request' ? `{throw,{bad_request,<<"${reason}">>}}` : reason)
    }
  }
}

/** Users change and delete their own documents only. */
class OwnerValidator implements DocumentValidator {
  readonly #bodyOf: (body: number) => Promise<Uint8Array>

  constructor(bodyOf: (body: number) => Promise<Uint8Array>) {
    this.#bodyOf = bodyOf
  }

  appliesTo(): boolean {
    return true
  }

  validate(documents: readonly ValidatedDocument[], actor: Actor): Promise<(CouchError | undefined)[]> {
    return Promise.all(documents.map(document => this.#judge(document, actor)))
  }

  /**
   * A conflicting revision could win over somebody's job: every live leaf has to be the user's own.
   */
  async #judge({ document }: ValidatedDocument, { user, security }: Actor): Promise<CouchError | undefined> {
    if (document === undefined) return undefined
    if (isDatabaseAdmin(user, security) || user.roles.includes(REPLICATOR_ROLE)) return undefined
    for (const { deleted, body } of leaves(document.tree)) {
      if (deleted || body === 0) continue
      const { owner } = JSON.parse(Buffer.from(await this.#bodyOf(body)).toString()) as Members
      if (owner === undefined || owner !== user.name) return fail('forbidden', NOT_OWN)
    }
    return undefined
  }
}

function withOwner(input: DocumentInput, body: Members, { user, security }: Actor): DocumentInput {
  const { owner } = body
  if (owner !== undefined && owner === user.name) return input
  if (owner !== undefined && !isDatabaseAdmin(user, security)) {
    throw fail('forbidden', NOT_OWN)
  }
  if (owner !== undefined && owner !== null) return input
  // The other members stay as they were written.
  const members = new Map(jsonMembers(input.body))
  members.set('owner', Buffer.from(JSON.stringify(user.name)))
  const texts = [...members].map(([name, value]) => `${JSON.stringify(name)}:${value.toString()}`)
  return { ...input, ...pick(parseDocument(Buffer.from(`{${texts.join()}}`), { term: true })) }
}

function pick({ body, term, size }: DocumentInput): Pick<DocumentInput, 'body' | 'term' | 'size'> {
  return { body, term, size }
}

function namesCredentials({ source, target }: Members): boolean {
  return [source, target].some(
    endpoint => typeof endpoint === 'object' && endpoint !== null && 'credentials' in endpoint,
  )
}

/** Members of a stream that are shown to everybody: how it is read or written. */
const OF_STREAMS = [
  'stream',
  'subject',
  'topic',
  'consumer',
  'format',
  'id',
  'types',
  'schema',
  'on_error',
  'on_gap',
  'on_truncate',
  'echo',
] as const

/** Returns what others see of an endpoint: any member that the server does not know may be a credential, as `auth` is. */
function withoutCredentials(endpoint: unknown): unknown {
  if (typeof endpoint === 'string') return publicUrl(endpoint)
  if (typeof endpoint !== 'object' || endpoint === null || Array.isArray(endpoint)) return null
  const { url, ...members } = endpoint as Members
  if (typeof url !== 'string') return {}
  const names = isStreamUrl(url) ? OF_STREAMS.filter(name => name in members) : []
  return { ...Object.fromEntries(names.map(name => [name, members[name]])), url: publicUrl(url) }
}
