import type { Logger } from 'pino'
import { parseSeq } from '../../protocol/sequence.ts'
import type { Database } from '../database/database.ts'

/**
 * The sequence number behind which a feed begins: of "now", of a sequence of this database, or a bare number. A
 * sequence of another database begins at 0, as CouchDB rewinds when it does not know the shard's uuid; so does one of
 * this database's future, which it has when it was restored from a backup.
 *
 * @throws `malformedSeq`
 */
export function resolveSince(database: Database, since: string, log: Pick<Logger, 'warn'>): number {
  if (since === 'now') return database.state.seq
  const { instance } = database.record
  const { number, suffix } = parseSeq(since, instance)
  if (suffix === undefined) return number
  if (suffix === instance && number <= database.state.seq) return number
  log.warn({ database: database.name, since, sequence: database.seq }, 'a feed begins anew: unknown sequence')
  return 0
}
