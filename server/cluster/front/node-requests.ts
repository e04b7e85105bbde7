import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { CouchError } from '../../../protocol/errors.ts'
import type { Cluster } from '../service/cluster.ts'
import { type LeaderPosition, NODE_PATHS, type NodeReport } from '../service/node-client.ts'

/** Returns whether a path is one by which nodes ask each other. */
export function isNodePath(url: string): boolean {
  return Object.values<string>(NODE_PATHS).includes(url)
}

/** Answers what another node asks; its signature was verified. */
export async function answerNode(cluster: Cluster, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const body = await json(req)
    sendText(res, 200, await answerOf(cluster, req.url ?? '', body))
  } catch (error) {
    const { status, reason } = error instanceof CouchError ? error : { status: 503, reason: String(error) }
    sendText(res, status, { reason })
  }
}

async function answerOf(cluster: Cluster, url: string, body: unknown): Promise<LeaderPosition> {
  if (url === NODE_PATHS.position) return leaderPosition(cluster, await cluster.provenPosition())
  await cluster.members?.take(body as NodeReport)
  return leaderPosition(cluster, cluster.group?.position ?? 0)
}

function leaderPosition({ group }: Cluster, position: number): LeaderPosition {
  return { position, epoch: group?.epoch ?? 0 }
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
