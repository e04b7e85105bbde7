import { CouchError } from '../../protocol/errors.ts'
import { publicUrl } from '../../protocol/replication-endpoint.ts'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Authenticator } from '../auth/authenticator.ts'

/**
 * Logs in to this server with the credentials that a job has for it: an ordinary login, which counts for the lockout of
 * whoever made the job.
 *
 * @returns undefined where the endpoint has no name and password: other credentials are for the HTTP interface to judge
 * @throws PeerError `replication_auth_error` where they are wrong or locked, in the words of a refused HTTP login;
 *   `overloaded` where too many logins wait
 */
export async function localLogin(
  authenticator: Authenticator,
  { url, basic }: ReplicationEndpoint,
  loginFrom: string,
): Promise<UserContext | undefined> {
  if (!basic) return undefined
  const authorization = `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`
  const credentials = {
    header: (name: string) => (name === 'authorization' ? authorization : undefined),
    peer: loginFrom,
    secure: false,
  }
  try {
    return (await authenticator.authenticate(credentials)).user
  } catch (error) {
    if (!(error instanceof CouchError)) throw error
    const session = `${new URL(publicUrl(url)).origin}/_session`
    if (error.status === 503)
      throw new PeerError('overloaded', `${session} answered 503`, { status: 503, transient: true })
    const reason = `{session_request_unauthorized,"${session}","${basic.username}"}`
    throw new PeerError('replication_auth_error', reason, { status: error.status })
  }
}
