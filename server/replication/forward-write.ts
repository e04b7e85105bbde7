import { fail } from '../../protocol/errors.ts'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { readAll } from '../../replicator/http/answer.ts'
import { HttpClient, type PeerRequest } from '../../replicator/http/http-client.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Database } from '../database/database.ts'
import type { Replicator } from './replicator.ts'
import { whenWritten } from './when-written.ts'

/** Bytes of the longest answer to a write that is handed on. */
const MAX_ANSWER = 64 * 1024 * 1024

export type ForwardedMethod = PeerRequest['method']

/** A write of documents that the source is to answer. The path is relative to the database. */
export type ForwardedWrite = Pick<PeerRequest, 'method' | 'path' | 'headers' | 'body'>

export interface ForwardedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** With a trailing slash. */
  readonly sourceUrl: string
}

/**
 * Has the source of a follower answer a write, with the credentials of the client, and waits a while until what was
 * written is here.
 *
 * @throws `sourceUnreachable`
 */
export async function forwardWrite(
  { connections, defaults }: Pick<Replicator, 'connections' | 'defaults'>,
  { database, source }: { readonly database: Database; readonly source: ReplicationEndpoint },
  write: ForwardedWrite,
): Promise<ForwardedAnswer> {
  const { url: sourceUrl, proxy } = source
  // The credentials of the job are not lent to clients.
  const endpoint = { url: sourceUrl, headers: {}, ...(proxy === undefined ? {} : { proxy }) }
  const signal = AbortSignal.timeout(defaults.connectionTimeoutMs)
  try {
    const client = new HttpClient(endpoint, defaults, connections)
    const answer = await client.open(write, 'all', signal, async opened => {
      const { status, headers } = opened
      return { status, headers, body: await readAll(opened, MAX_ANSWER), sourceUrl }
    })
    await whenWritten(database, answer.body)
    return answer
  } catch (error) {
    if (!(error instanceof PeerError) && !signal.aborted) throw error
    throw fail('sourceUnreachable', error instanceof PeerError ? error.reason : 'it does not answer')
  }
}
