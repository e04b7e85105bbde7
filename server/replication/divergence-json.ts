import type { Job } from '../../replicator/job.ts'
import type {
  DivergenceReport,
  DivergentDocument,
  RepairTotals,
} from '../../replicator/verification/divergence.ts'
import { isoTime } from './iso-time.ts'

/** Returns a job's divergence; null where nothing differs and nothing is compared. */
export function divergenceOf({ spec }: Job): DivergenceReport | null {
  const report = spec.verification?.divergence.report
  if (report === undefined) return null
  return spec.plan.options.verify !== undefined || report.documents > 0 ? report : null
}

/** Returns the member `divergence` of a job's description, which CouchDB does not have. */
export function divergenceMember(job: Job): { divergence?: object } {
  const report = divergenceOf(job)
  return report === null ? {} : { divergence: divergenceJson(report, job.spec.plan.options.verify?.repair) }
}

/** @param repairs true of a job that repairs what differs */
export function divergenceJson(report: DivergenceReport, repairs = false): object {
  const { documents, refused, inFlight, since, first, checkedAt, error } = report
  return {
    documents,
    refused,
    in_flight: inFlight,
    since: since === null ? null : isoTime(since),
    first: first.map(documentJson),
    checked: checkedAt === null ? null : isoTime(checkedAt),
    error,
    ...(repairs || report.repairs.last !== null ? { repair: repairJson(report.repairs) } : {}),
  }
}

export function documentJson({ id, revs, since, reason }: DivergentDocument): object {
  return { id, revs, since: isoTime(new Date(since)), reason }
}

function repairJson({ repaired, failed, last }: RepairTotals): object {
  return { repaired, failed, last: last === null ? null : { ...last, at: isoTime(new Date(last.at)) } }
}
