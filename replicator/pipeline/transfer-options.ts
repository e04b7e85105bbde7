import type { ReplicationPlan } from '../replication-plan.ts'
import type { TransferOptions } from './transfer.ts'

const MISSING_RETRY_MS = 2000

/** Returns how a replication moves documents. */
export function transferOptions(
  { options, maxIdBytes }: Pick<ReplicationPlan, 'options' | 'maxIdBytes'>,
  targetIsEmpty: boolean,
): TransferOptions {
  return {
    useBulkGet: options.useBulkGet,
    retryPolicy: { retries: options.retriesPerRequest, firstWaitMs: 250, maxWaitMs: 30_000 },
    targetIsEmpty,
    parallel: options.httpConnections,
    maxIdBytes,
    ...(options.filter.kind === 'docIds' ? { onlyIds: new Set(options.filter.docIds) } : {}),
    missingRetryMs: MISSING_RETRY_MS,
  }
}
