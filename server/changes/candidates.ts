import { DocumentSummary } from '../database/document-record.ts'
import type { Database } from '../database/database.ts'
import { Space } from '../storage/keys.ts'
import type { Candidates } from './filter/change-filter.ts'
import { changesAt } from '../database/reading/change-pages.ts'

const AT_ONCE = 1000

/**
 * The changes of documents that are known by name, in pages: each is looked up, so that a short list costs little
 * however long the feed is.
 */
export async function* candidatePages(
  database: Database,
  candidates: Candidates,
  range: { after: number; upTo: number; descending: boolean; size: number },
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const all = await seqsOf(database, candidates)
  const seqs = all.filter(seq => seq > range.after && seq <= range.upTo).sort((a, b) => a - b)
  if (range.descending) seqs.reverse()
  for (let from = 0; from < seqs.length; from += range.size) {
    const page = await changesAt(database, seqs.slice(from, from + range.size))
    if (page.length > 0) yield range.descending ? [...page].reverse() : page
  }
}

async function seqsOf(database: Database, candidates: Candidates): Promise<number[]> {
  const { keys, store } = database
  const seqs: number[] = []
  if ('ids' in candidates) {
    for (let from = 0; from < candidates.ids.length; from += AT_ONCE) {
      const ids = candidates.ids.slice(from, from + AT_ONCE)
      const records = await store.getMany(ids.map(id => keys.text(Space.document, id)))
      for (const record of records) if (record !== undefined) seqs.push(new DocumentSummary(record).seq)
    }
    return seqs
  }
  const range = {
    gte: keys.text(Space.document, candidates.from),
    lt: keys.text(Space.document, candidates.to),
  }
  for await (const record of store.values(range)) seqs.push(new DocumentSummary(record).seq)
  return seqs
}
