import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { CouchError, fail } from '../../../protocol/errors.ts'
import type { Cluster } from '../service/cluster.ts'
import type { Snapshots } from '../snapshot/snapshots.ts'
import type { ReportedJobs } from '../../replication/jobs-report.ts'
import { carryOut } from '../service/leader-writes.ts'
import type { PortableWrite } from '../nodes/portable-write.ts'
import { type LeaderPosition, NODE_PATHS, type NodeReport } from '../nodes/node-client.ts'

/** Returns whether a path is one by which nodes ask each other. */
export function isNodePath(url: string): boolean {
  return Object.values<string>(NODE_PATHS).includes(url)
}

/** Answers what another node asks; its signature was verified. */
export async function answerNode(cluster: Cluster, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const body = await json(req)
    if (req.url === NODE_PATHS.snapshotFile) await sendFile(cluster, body as FileRequest, res)
    else sendText(res, 200, await answerOf(cluster, req.url ?? '', body))
  } catch (error) {
    if (res.headersSent) return void res.destroy()
    const { status, reason } = error instanceof CouchError ? error : { status: 503, reason: String(error) }
    sendText(res, status, { reason })
  }
}

interface FileRequest {
  readonly id: string
  readonly path: string
}

/** Sends a file of a copy that another node takes. */
async function sendFile(cluster: Cluster, { id, path }: FileRequest, res: ServerResponse): Promise<void> {
  const { size, content } = snapshotsOf(cluster).read(id, path)
  res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size })
  await pipeline(content, res)
}

function snapshotsOf({ snapshots }: Cluster): Snapshots {
  if (snapshots === undefined) throw fail('noLeader')
  return snapshots
}

async function answerOf(cluster: Cluster, url: string, body: unknown): Promise<object> {
  if (url === NODE_PATHS.position) return leaderPosition(cluster, await cluster.provenPosition())
  if (url === NODE_PATHS.beginSnapshot)
    return snapshotsOf(cluster).begin((body as { readonly node: string }).node)
  if (url === NODE_PATHS.endSnapshot) {
    await snapshotsOf(cluster).end((body as FileRequest).id)
    return { ok: true }
  }
  const { started } = cluster
  if (url === NODE_PATHS.write || url === NODE_PATHS.jobs || url === NODE_PATHS.retryJob) {
    if (started === undefined) throw fail('noLeader')
    if (url === NODE_PATHS.write) return carryOut(cluster, started.catalog, body as PortableWrite)
    await caughtUp(cluster, body as { readonly position?: number })
    if (url === NODE_PATHS.jobs) return started.jobs.report(body as ReportedJobs)
    return { outcome: (await started.jobs.retry(body as Required<ReportedJobs>)) ?? null }
  }
  const keys = await cluster.members?.take(body as NodeReport)
  return { ...leaderPosition(cluster, cluster.group?.position ?? 0), ...keys }
}

/** Waits for what the node that asks has applied, or for a moment. */
async function caughtUp({ group }: Cluster, { position = 0 }: { readonly position?: number }): Promise<void> {
  await group?.whenApplied(position, AbortSignal.timeout(CAUGHT_UP_MS)).catch(() => undefined)
}

const CAUGHT_UP_MS = 2000

function leaderPosition({ group, jobNodes }: Cluster, position: number): LeaderPosition {
  return { position, epoch: group?.epoch ?? 0, jobNodes: jobNodes.nodes }
}

/** Sends JSON where no route does. */
export function sendText(
  res: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = `${JSON.stringify(body)}\n`
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  res.end(text)
}
