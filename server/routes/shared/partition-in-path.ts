import { fail } from '../../../protocol/errors.ts'
import { parsePartition } from '../../../protocol/partition.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'
import type { PathSegment } from '../../routing/route.ts'
import { QueryParams } from '../../http/request/query-params.ts'

/**
 * The partition in whose name a path asks, as `/db/_partition/NAME/…`; undefined where it asks of the whole database
 * (CouchDB: chttpd_db:handle_partition_req/2).
 *
 * @throws `bad_request` where the database has no partitions, or the query names another one; `illegal_partition`
 */
export function partitionInPath(ctx: RequestContext, database: Database): string | undefined {
  if (ctx.params.partition === undefined) return undefined
  if (!database.record.partitioned) throw fail('badRequest', 'database is not partitioned')
  const partition = namedPartition(ctx.params.partition)
  const inQuery = QueryParams.of(ctx).text('partition')
  if (inQuery !== undefined && inQuery !== partition) {
    throw fail('badRequest', 'Conflicting value for `partition` in query string')
  }
  return partition
}

/** @throws `illegal_partition` */
export function namedPartition(partition: PathSegment): string {
  if (partition === null) throw fail('illegalPartition', 'Partition must be valid UTF-8')
  return parsePartition(partition)
}
