import type { JobVerification } from '../../replicator/job.ts'
import { Divergence } from '../../replicator/verification/divergence.ts'
import type { VerifyLimits } from '../../replicator/verification/verifier.ts'
import { Turns } from '../../protocol/turns.ts'
import type { Config } from '../config/config.ts'
import { FailureLog } from './failure-log.ts'

/** Returns the limits that the verifications of all jobs share. */
export function verifyLimits(config: Config): VerifyLimits {
  return {
    turns: new Turns(() => ({ running: config.integer('compare', 'max_running_verifications') })),
    batchSize: () => config.integer('compare', 'batch_size'),
    maxTracked: () => config.integer('compare', 'max_tracked_differences'),
  }
}

/** Returns the verification of a job without a document, whose divergence is known as long as the job is. */
export function transientVerification(limits: VerifyLimits): JobVerification {
  return {
    divergence: new Divergence(FailureLog.inMemory()),
    limits,
    changed: () => undefined,
    flush: () => Promise.resolve(),
  }
}
