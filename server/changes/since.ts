import type { Logger } from 'pino'
import type { Database } from '../database/database.ts'
import { sequenceNumber } from '../database/source-sequences.ts'

/**
 * The sequence number behind which a feed begins: of "now", of a sequence of this database, or a bare number. A
 * sequence of another database begins at 0, as CouchDB rewinds when it does not know the shard's uuid; so does one of
 * this database's future, which it has when its files were put back by hand. A database that `couchette restore` brought back
 * knows the sequences from before, a follower those of its source.
 *
 * @throws `malformedSeq`
 */
export function resolveSince(database: Database, since: string, log: Pick<Logger, 'warn'>): number {
  if (since === 'now') return database.state.seq
  const number = sequenceNumber(database, since, database.state.seq)
  if (number !== undefined) return number
  log.warn(
    { database: database.name, since, sequence: database.seq },
    'a feed begins again: unknown sequence',
  )
  return 0
}
