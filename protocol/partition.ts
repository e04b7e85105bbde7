import { isDesignId, isLocalId, parseDocId } from './document-id.ts'
import { fail } from './errors.ts'

/**
 * Checks the name of a partition (CouchDB: couch_partition:validate_partition/1).
 *
 * @throws `illegal_partition`
 */
export function parsePartition(name: string): string {
  if (name === '') throw fail('illegalPartition', 'Partition must not be empty')
  if (name.startsWith('_')) throw fail('illegalPartition', 'Partition must not start with an underscore')
  if (name.includes(':')) throw fail('illegalPartition', 'Partition must not contain a colon')
  return name
}

/** The partition that a document is in, of a partitioned database; undefined for a design document. */
export function partitionOf(id: string): string | undefined {
  return isDesignId(id) ? undefined : id.slice(0, id.indexOf(':'))
}

/**
 * Checks an id by which a document of a partitioned database is looked for: it has to name the partition to look in
 * (CouchDB: couch_partition:hash/1).
 *
 * @throws `illegal_docid`
 */
export function requirePartition(id: string): void {
  if (!id.startsWith('_') && !id.includes(':'))
    throw fail('illegalDocId', 'Doc id must be of form partition:id')
}

/**
 * Checks the id of a document of a partitioned database, "partition:id"; design and local documents are in none.
 *
 * @throws `illegal_docid`, `illegal_partition`
 */
export function checkPartitionedId(id: string): void {
  if (isDesignId(id) || isLocalId(id)) return
  const colon = id.indexOf(':')
  if (colon < 0) throw fail('illegalDocId', 'Doc id must be of form partition:id')
  parsePartition(id.slice(0, colon))
  parseDocId(id.slice(colon + 1))
}
