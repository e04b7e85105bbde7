import { asDatabaseName, type DatabaseName, isDatabaseName } from '../../protocol/database-name.ts'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import { ReplicationSyntaxError } from '../../protocol/replication-error.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import { FOLLOWER_JOB } from '../../protocol/user-context.ts'
import type { Account } from '../auth/accounts.ts'
import type { Catalog } from '../database/catalog.ts'
import { maskDigest } from './job-mask.ts'

/** The database whose documents ask for the jobs of followers. */
export const FOLLOWER_JOBS = asDatabaseName('_replicator')

const PREFIX = 'follower:'

/** The range of the documents that ask for followers' jobs. */
export const FOLLOWER_DOCUMENTS = { from: PREFIX, before: 'follower;' } as const

/** Returns the id of the document that asks for a follower's job. */
export function followerDocumentId(database: string): DocId {
  return asDocId(`${PREFIX}${database}`)
}

/** Returns the database that a document has follow. */
export function followerOf(document: DocId): DatabaseName {
  return asDatabaseName(document.slice(PREFIX.length))
}

/** Returns whether a document is that of a follower's job, which names its target: users may not. */
export function isFollowerDocument({ database, id }: { database: string; id: string }): boolean {
  return database === FOLLOWER_JOBS && id.startsWith(PREFIX)
}

/**
 * Returns the account with which a follower's job writes to its database.
 *
 * @throws ReplicationSyntaxError where the database follows nobody, or by another document
 */
export async function followerAccount(
  catalog: Pick<Catalog, 'stateOf'>,
  document: { readonly id: string },
  { target: { local = '' }, mask }: ReplicationRequest,
): Promise<Account> {
  const state = isDatabaseName(local) ? await catalog.stateOf(local) : undefined
  if (state?.follower?.job !== document.id)
    throw new ReplicationSyntaxError('bad_request', `database \`${local}\` does not follow by this document`)
  if (state.follower.mask !== (mask && maskDigest(mask)))
    throw new ReplicationSyntaxError('bad_request', `database \`${local}\` follows with another mask`)
  return { user: FOLLOWER_JOB }
}
