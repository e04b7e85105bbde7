import { isDatabaseName } from '../../../protocol/database-name.ts'
import { asDocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { parseJobId } from '../../../protocol/replication-id.ts'
import { JOB_STATES } from '../../../replicator/job-state.ts'
import { compactionTasks } from '../../compaction/tasks.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import {
  type DocumentState,
  documentState,
  parseStates,
  replicationDocumentIds,
} from '../../replication/document-states.ts'
import { divergenceJson, documentJson } from '../../replication/divergence-json.ts'
import type { JobsReport, ReportedJobs } from '../../replication/jobs-report.ts'
import { jobJson, taskJson } from '../../replication/job-json.ts'
import { divergenceFor, failuresOf, retryFailures } from '../../replication/retry-failures.ts'

export async function getTasks(ctx: RequestContext): Promise<void> {
  const { replicator, queries, retention } = ctx.services
  const lag = QueryParams.of(ctx).flag('lag')
  const elsewhere = await jobsElsewhere(ctx)
  const running = replicator.scheduler.jobs.filter(({ state }) => state === 'running')
  sendJson(ctx, [
    ...queries.tasks(),
    ...compactionTasks(queries),
    ...retention.tasks,
    ...replicator.comparisons.tasks,
    ...running.map(job => taskJson(job, replicator.display, lag)),
    ...elsewhere.flatMap(({ tasks }) => tasks.map(({ plain, withLag }) => (lag ? withLag : plain))),
  ])
}

export async function getJobs(ctx: RequestContext): Promise<void> {
  const { replicator } = ctx.services
  const { skip, limit } = pageOf(ctx)
  const others = (await jobsElsewhere(ctx)).flatMap(({ jobs }) => jobs)
  const own = replicator.scheduler.jobs
  const end = skip + limit
  const jobs = [
    ...own.slice(skip, end).map(job => jobJson(job, replicator.display)),
    ...others.slice(Math.max(0, skip - own.length), Math.max(0, end - own.length)),
  ]
  sendJson(ctx, { total_rows: own.length + others.length, offset: skip, jobs })
}

export async function getJob(ctx: RequestContext): Promise<void> {
  const { replicator } = ctx.services
  const id = parseJobId(ctx.params.job ?? '')
  const job = replicator.scheduler.listed(id)
  if (job) return sendJson(ctx, jobJson(job, replicator.display))
  const other = (await jobsElsewhere(ctx)).flatMap(({ jobs }) => jobs).find(found => found.id === id)
  if (!other) throw fail('missing')
  sendJson(ctx, other)
}

/** Returns the jobs of the other nodes of a cluster. */
async function jobsElsewhere({ services }: RequestContext, asked: ReportedJobs = {}): Promise<JobsReport[]> {
  return (await services.cluster?.jobs.elsewhere(asked)) ?? []
}

/** Returns the states of documents whose jobs run at other nodes of a cluster. */
async function documentsElsewhere(
  ctx: RequestContext,
  asked: ReportedJobs,
): Promise<ReadonlyMap<string, DocumentState>> {
  const reports = await jobsElsewhere(ctx, asked)
  return new Map(reports.flatMap(({ documents }) => documents))
}

/** Database and document in a path below `_scheduler/docs`; slashes in the database's name may be written as they are. */
interface DocsPath {
  readonly database: string
  readonly document: string | undefined
  /** List that is named behind the document. */
  readonly list: 'failures' | 'divergence' | undefined
}

/** @throws `bad_request` where no `_replicator` database is named */
function parsePath({ rest }: RequestContext): DocsPath {
  const segments = rest.map(segment => segment ?? '')
  const end = segments.findIndex(segment => /(^|\/)_replicator$/.test(segment)) + 1
  if (end === 0) throw fail('badRequest', 'Invalid path')
  const [document, last] = segments.slice(end)
  const list = last === 'failures' || last === 'divergence' ? last : undefined
  return { database: segments.slice(0, end).join('/'), document, list }
}

export async function getDocs(ctx: RequestContext): Promise<void> {
  const { database, document, list } = parsePath(ctx)
  if (document === undefined) return listDocs(ctx, database)
  if (list === 'failures') return getFailures(ctx, database, document)
  if (list === 'divergence') return getDivergence(ctx, database, document)
  const { replicator } = ctx.services
  const job = await replicator.documents.job(database, document)
  const opened = await open(ctx, database)
  const elsewhere =
    job === undefined ? (await documentsElsewhere(ctx, { database, id: document })).get(document) : undefined
  const found = elsewhere ?? (await documentState(opened, asDocId(document), job, replicator.display))
  if (!found) throw fail('missing')
  sendJson(ctx, found.json)
}

/** `GET /_scheduler/docs`: those of the database `_replicator`. */
export function getAllDocs(ctx: RequestContext): Promise<void> {
  return listDocs(ctx, '_replicator')
}

async function listDocs(ctx: RequestContext, name: string): Promise<void> {
  const { replicator } = ctx.services
  const query = QueryParams.of(ctx)
  const states = parseStates(query.text('states') ?? '')
  if (!states) throw fail('queryParse', `States must be one or more of [${JOB_STATES_TEXT}]`)
  const { skip, limit } = pageOf(ctx)
  const database = await open(ctx, name)
  const ids = await replicationDocumentIds(database)
  if (query.flag('descending')) ids.reverse()
  const elsewhere = await documentsElsewhere(ctx, { database: name })
  const docs: object[] = []
  let skipped = 0
  for (const id of ids) {
    if (docs.length >= limit) break
    const job = await replicator.documents.job(name, id)
    const other = job === undefined ? elsewhere.get(id) : undefined
    const found = other ?? (await documentState(database, id, job, replicator.display))
    if (!found || (states.length > 0 && !states.includes(found.state))) continue
    if (skipped++ >= skip) docs.push(found.json)
  }
  sendJson(ctx, { total_rows: ids.length, offset: skip, docs })
}

const JOB_STATES_TEXT = JOB_STATES.join(',')

async function getFailures(ctx: RequestContext, database: string, id: string): Promise<void> {
  const { total, list } = await failuresOf(ctx.services.replicator, await open(ctx, database), asDocId(id))
  sendJson(ctx, { total, failures: list })
}

/** Answers all documents that differ, where the job's entry has the first few. */
async function getDivergence(ctx: RequestContext, database: string, id: string): Promise<void> {
  const { replicator } = ctx.services
  const divergence = await divergenceFor(replicator, await open(ctx, database), asDocId(id))
  const { first: _first, ...rest } = divergenceJson(divergence.report) as Record<string, unknown>
  sendJson(ctx, { ...rest, differing: divergence.documents.map(documentJson) })
}

/** Tries to write the documents again that were refused. */
export async function postDocs(ctx: RequestContext): Promise<void> {
  const { database, document, list } = parsePath(ctx)
  if (document === undefined || list !== 'failures') {
    ctx.set('Allow', 'GET')
    throw fail('methodNotAllowed', 'GET')
  }
  const { replicator, cluster } = ctx.services
  const opened = await open(ctx, database)
  const isHere = (await replicator.documents.job(database, document)) !== undefined
  const elsewhere = isHere ? undefined : await cluster?.jobs.retry({ database, id: document })
  const outcome = elsewhere ?? (await retryFailures(replicator, opened, asDocId(document)))
  sendJson(ctx, { ok: true, ...outcome })
}

async function open(ctx: RequestContext, name: string): Promise<Database> {
  if (!isDatabaseName(name)) throw fail('noDatabase')
  return ctx.services.catalog.open(name)
}

function pageOf(ctx: RequestContext): { skip: number; limit: number } {
  const query = QueryParams.of(ctx)
  return { skip: count(query.text('skip'), 0), limit: count(query.text('limit'), Infinity) }
}

function count(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  if (!/^\d+$/.test(text)) throw fail('queryParse', `Invalid value for integer: "${text}"`)
  return Number(text)
}
