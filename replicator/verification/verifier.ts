import { numberOf } from '../../protocol/checkpoint.ts'
import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { VerifyOptions } from '../../protocol/verify-options.ts'
import type { WriteFailure } from '../peer.ts'
import type { ReplicationPlan } from '../replication-plan.ts'
import type { Turns } from '../../protocol/turns.ts'
import { wait } from '../wait.ts'
import type { Divergence, DivergentDocument, InFlightDocument, RepairRecord } from './divergence.ts'
import { type MissingDocument, missingOnTarget, type Sides } from './look.ts'
import { repair } from './repair.ts'

/** An event of a verification that is logged. */
export type VerifyNotice =
  | { readonly kind: 'diverged'; readonly documents: number; readonly first: readonly DivergentDocument[] }
  | { readonly kind: 'converged' }
  | { readonly kind: 'unverified'; readonly error: string }
  | { readonly kind: 'repaired'; readonly record: RepairRecord }

/** Limits of all verifications of a server. */
export interface VerifyLimits {
  /** Comparisons at a time. */
  readonly turns: Turns
  /** Documents that are asked for at a time. */
  readonly batchSize: () => number
  /** Differing documents of a job that are remembered one by one; others are counted. */
  readonly maxTracked: () => number
}

/** Progress of a job. */
export interface VerifiedProgress {
  readonly throughSeq: SourceSeq
  /** Time at which everything of the source was last proven to be on the target. */
  readonly caughtUpAt: Date | null
}

/** The part of a job that a verification needs. */
export interface VerifiedJob {
  readonly plan: ReplicationPlan
  readonly verify: VerifyOptions
  readonly divergence: Divergence
  readonly limits: VerifyLimits
  /** Opens both sides once more, so that requests of the verification do not count as the job's. */
  readonly open: () => Promise<Sides>
  readonly progress: () => VerifiedProgress
  readonly refused: (failure: WriteFailure) => void
  readonly notify: (notice: VerifyNotice) => void
  /** Called when the state of the divergence is to be stored. */
  readonly changed: () => void
}

/** The longest single wait: timers take no more than 24 days, and clocks may be set. */
const MAX_WAIT_MS = 60_000

/** Compares a job's source and target on its interval until the signal is aborted; a comparison that fails is reported. */
export async function verifyOnInterval(job: VerifiedJob, signal: AbortSignal): Promise<void> {
  const { divergence, verify, limits } = job
  while (!signal.aborted) {
    try {
      await waitUntilDue(divergence, verify.intervalMs, signal)
      await limits.turns.run(() => verifyOnce(job, signal), { signal })
    } catch (error) {
      if (signal.aborted) return
      const reason = error instanceof Error ? error.message : String(error)
      if (divergence.report.error !== reason) job.notify({ kind: 'unverified', error: reason })
      divergence.failed(reason)
      job.changed()
    }
  }
}

async function waitUntilDue(divergence: Divergence, intervalMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = Math.min(divergence.triedAt.getTime() + intervalMs - Date.now(), intervalMs)
    if (left <= 0) return
    await wait(Math.min(left, MAX_WAIT_MS), signal)
  }
}

async function verifyOnce(job: VerifiedJob, signal: AbortSignal): Promise<void> {
  const before = job.divergence.report.documents
  const sides = await job.open()
  try {
    await look(job, sides, signal)
    const { documents, first } = job.divergence.report
    if (documents > 0 && documents !== before) job.notify({ kind: 'diverged', documents, first })
    if (documents > 0 && job.verify.repair) await repairAll(job, sides, signal)
    if (before > 0 && job.divergence.report.documents === 0) job.notify({ kind: 'converged' })
  } finally {
    job.changed()
    await Promise.all([sides.source.close(), sides.target.close()])
  }
}

async function look(
  { plan, divergence, limits, progress }: VerifiedJob,
  sides: Sides,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = new Date()
  const { throughSeq, caughtUpAt } = progress()
  const passed = ({ seq, since }: InFlightDocument): boolean =>
    numberOf(throughSeq) >= numberOf(seq) || (caughtUpAt !== null && caughtUpAt.getTime() > Date.parse(since))
  const missing = new Map<string, MissingDocument>()
  const maxTracked = limits.maxTracked()
  let untracked = 0
  for await (const document of missingOnTarget(sides, plan, limits.batchSize(), signal)) {
    if (missing.size < maxTracked || divergence.knows(document.id)) missing.set(document.id, document)
    else untracked++
  }
  const { updateSeq } = await sides.source.info(signal)
  divergence.looked({ startedAt, endedAt: new Date(), seq: updateSeq, passed, missing, untracked })
}

async function repairAll(job: VerifiedJob, sides: Sides, signal: AbortSignal): Promise<void> {
  const { plan, divergence } = job
  const { record, ids } = await repair(sides, plan, divergence.documents, job.refused, signal)
  divergence.repaired(record, ids)
  job.notify({ kind: 'repaired', record })
}
