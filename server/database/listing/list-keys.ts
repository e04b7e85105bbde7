import { isLocalId } from '../../../protocol/document-id.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { FULL_CHUNK, RowBuffer } from '../reading/row-buffer.ts'
import { KeySpace } from '../../storage/keys.ts'
import type { Database } from '../database.ts'
import type { UnfilledJson } from '../documents/unfilled-json.ts'
import { countDesigns, listingHead } from './listing-head.ts'
import type { ListingQuery } from './listing-query.ts'
import { ListingRows, type StoredEntry } from './listing-rows.ts'
import { localRow } from './list-local.ts'
import { STORAGE } from '../storage-of.ts'

const KEYS_AT_A_TIME = 500

/** Rows for keys, in the order asked; local documents are found too, whatever the list is of. */
export async function* listKeys(
  database: Database,
  query: ListingQuery & { readonly keys: readonly JsonValue[] },
): AsyncGenerator<Uint8Array | UnfilledJson, void, undefined> {
  const { namespace, keys } = query
  const designs = namespace === 'design' ? await countDesigns(database) : 0
  const snapshot = database.snapshot()
  try {
    const out = new RowBuffer()
    const total = namespace === 'local' ? null : namespace === 'design' ? designs : snapshot.state.docs
    out.text(listingHead(database, query, snapshot, { total, offset: null }))
    const rows = new ListingRows(database, snapshot, query)
    let separator = ''
    for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
      const page = keys.slice(from, from + KEYS_AT_A_TIME)
      const stored = page.map(key => storeKeyOf(database, key))
      const records = await snapshot.getMany(stored.filter(key => key !== undefined))
      let next = 0
      const found = stored.map(key => {
        const record = key === undefined ? undefined : records[next++]
        return key === undefined || record === undefined ? undefined : ([key, record] as StoredEntry)
      })
      const wanted = found.filter((entry, index) => entry !== undefined && !isLocal(page[index]))
      const documents = new DocumentsOf(rows, wanted as StoredEntry[])
      for (const [i, key] of page.entries()) {
        out.text(separator)
        separator = ',\r\n'
        const entry = found[i]
        if (entry === undefined) out.text(`{"key":${JSON.stringify(key)},"error":"not_found"}`)
        else if (isLocal(key)) localRow(out, entry, query.includeDocs)
        else rows.write(out, entry, query.includeDocs ? await documents.next() : undefined)
        if (out.length >= FULL_CHUNK) yield out.takeUnfilled()
      }
    }
    out.text('\r\n]}')
    yield out.takeUnfilled()
  } finally {
    await snapshot.close()
  }
}

type Documents = Awaited<ReturnType<ListingRows['documents']>>

/** The documents of entries, one after the other; large ones are read a few at a time. */
class DocumentsOf {
  readonly #rows: ListingRows
  #entries: readonly StoredEntry[]
  #documents: Documents = []
  #next = 0

  constructor(rows: ListingRows, entries: readonly StoredEntry[]) {
    this.#rows = rows
    this.#entries = entries
  }

  async next(): Promise<Documents[number]> {
    if (this.#next === this.#documents.length) {
      this.#documents = await this.#rows.documents(this.#entries)
      this.#entries = this.#entries.slice(this.#documents.length)
      this.#next = 0
    }
    return this.#documents[this.#next++]
  }
}

function storeKeyOf(database: Database, key: JsonValue): Uint8Array | undefined {
  if (typeof key !== 'string') return undefined
  return database[STORAGE].keys.text(isLocalId(key) ? KeySpace.local : KeySpace.document, key)
}

function isLocal(key: JsonValue | undefined): boolean {
  return typeof key === 'string' && isLocalId(key)
}
