import { formatDigest } from '../../../protocol/document-digest.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import { type DocumentLeaves, scanLeaves } from '../ranks/digest-scan.ts'
import { STORAGE } from '../storage-of.ts'

/** A range of ids in the order of their UTF-8: from one, up to, not including, another. */
interface IdRange {
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** Ranges, or one that is to be cut into so many parts. */
type DigestRequest =
  { readonly ranges: readonly IdRange[] } | { readonly split: IdRange; readonly parts: number }

/** Digests as they are told. */
interface ListedDigests {
  readonly seq: number
  readonly ranges: readonly (IdRange & { readonly documents: number; readonly digest: string })[]
}

/** Returns digests of ranges of documents. Only for the thread that keeps them. */
export async function digestsOf(
  database: Pick<Database, 'digests'>,
  request: DigestRequest,
  signal: AbortSignal,
): Promise<ListedDigests> {
  const { digests } = database
  if (digests === undefined) throw new Error('another thread keeps the digests')
  const found =
    'ranges' in request
      ? await digests.of(request.ranges.map(bounded), signal)
      : await digests.split(bounded(request.split), request.parts, signal)
  return {
    seq: found.seq,
    ranges: found.ranges.map(range => ({ ...range, digest: formatDigest(range.digest) })),
  }
}

/** Lists the first documents of a range with all their leaves, the winner first, in the order of their ids. */
export async function listLeaves(
  database: Pick<Database, typeof STORAGE | 'snapshot'>,
  { start, end }: IdRange,
  limit: number,
): Promise<DocumentLeaves[]> {
  const { keys } = database[STORAGE]
  const { gte, lt } = keys.range(KeySpace.document)
  const range = {
    gte: start === undefined ? gte : keys.text(KeySpace.document, start),
    lt: end === undefined ? lt : keys.text(KeySpace.document, end),
  }
  const snapshot = database.snapshot()
  const found: DocumentLeaves[] = []
  try {
    for await (const page of scanLeaves(snapshot, range, limit)) {
      found.push(...page)
      if (found.length >= limit) break
    }
  } finally {
    await snapshot.close()
  }
  return found.slice(0, limit)
}

function bounded({ start, end }: IdRange): {
  readonly start: string | undefined
  readonly end: string | undefined
} {
  return { start, end }
}
