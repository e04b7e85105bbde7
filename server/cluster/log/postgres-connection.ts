import pg from 'pg'

const CONNECT_TIMEOUT_MS = 3000
/** A commit that waits for a standby that is gone waits for ever: its answer counts as lost after this. */
const QUERY_TIMEOUT_MS = 10_000

/**
 * Connects to the first of a URL's hosts that takes writes: `postgres://user@one:5432,two:5432/database`.
 *
 * @param onEnd called when the connection has ended, also where it never was made
 * @throws the last host's error
 */
export async function connectToPrimary(url: string, onEnd: () => void): Promise<Connection> {
  let failure: unknown
  for (const one of urlsOf(url)) {
    const connection = new Connection(one, onEnd)
    try {
      await connection.client.connect()
      const { rows } = await connection.client.query<{ transaction_read_only: string }>(
        'SHOW transaction_read_only',
      )
      if (rows[0]?.transaction_read_only !== 'on') return connection
      failure = new Error('the server takes no writes: it is a standby')
    } catch (error) {
      failure = error
    }
    connection.end()
  }
  throw failure
}

/** Returns a URL for each host of one that names several, as libpq's URLs may. */
function urlsOf(url: string): string[] {
  const parts = /^(?<head>[a-z]+:\/\/(?:[^@/]*@)?)(?<hosts>[^/?]+)(?<tail>.*)$/.exec(url)?.groups
  if (parts === undefined) return [url]
  return parts.hosts!.split(',').map(host => `${parts.head}${host}${parts.tail}`)
}

/** A connection that says when it ended, and when a commit gave up waiting for the standby. */
export class Connection {
  readonly client: pg.Client
  wasCancelled = false

  constructor(url: string, onEnd: () => void) {
    this.client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'couchette',
    })
    this.client.on('error', onEnd)
    this.client.on('end', onEnd)
    // The commit succeeds with a warning, and the row is seen by everybody, without being on the standby.
    // An append has no other warnings, and their texts are translated.
    this.client.on('notice', () => {
      this.wasCancelled = true
    })
  }

  end(): void {
    void this.client.end().catch(() => undefined)
  }
}
