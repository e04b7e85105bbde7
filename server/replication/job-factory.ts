import type { ReplicationDefaults } from '../../protocol/replication-options.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import type { JobSpec } from '../../replicator/job.ts'
import type { Scheduler } from '../../replicator/scheduler.ts'
import type { Account } from '../auth/accounts.ts'
import type { Catalog } from '../database/catalog.ts'

/** The document or client that requested a replication. */
export interface JobOrigin {
  readonly document: JobSpec['document']
  readonly user: string | null
  /**
   * The account as which it uses databases that it names: the user of a `_replicate` request, the job of a follower;
   * undefined for other documents.
   */
  readonly maker?: Account
  /**
   * Address under which failed logins at this very server, with credentials in a URL, are counted: that of the
   * client that posted the job, or a word for the owner of its document. Wrong passwords in jobs lock out nobody else.
   */
  readonly loginFrom: string
}

/** Returns `JobOrigin.loginFrom` for a replication document, whose client is gone when its job starts. */
export function loginFromDocument(members: Readonly<Record<string, unknown>>): string {
  return `_replicator of ${JSON.stringify(members.owner ?? null)}`
}

/** The part of the replicator that makes jobs of documents. */
export interface JobFactory {
  readonly scheduler: Scheduler
  readonly catalog: Catalog
  readonly defaults: ReplicationDefaults
  /** Returns the URL that a database's name stands for. */
  urlOf(name: string): string
  /** @throws PeerError `filter_fetch_error` */
  specOf(request: ReplicationRequest, origin: JobOrigin): Promise<JobSpec>
  /** Tells of a document whose job can never run, or, where that is not `final`, not yet. */
  documentFailed(
    document: { readonly database: string; readonly id: string },
    reason: string,
    final: boolean,
  ): void
}
