import type { Peer } from './peer.ts'

/** A request that a job waits for. */
interface Outstanding {
  readonly what: string
}

/** Operation that a job is waiting for, to be named when it stalls. */
export class Activity {
  readonly #outstanding = new Set<Outstanding>()

  /** The request that has been under way for longest, other than the feed's. */
  get oldest(): Outstanding | undefined {
    const [first] = this.#outstanding
    return first
  }

  /** The peer, with its requests noted while they last. */
  watch(peer: Peer, side: 'source' | 'target'): Peer {
    const noted = <T>(what: string, work: Promise<T>): Promise<T> =>
      this.#during(`${what} of the ${side}`, work)
    return {
      url: peer.url,
      isShared: peer.isShared,
      isNear: peer.isNear === true,
      get moved() {
        return peer.moved
      },
      get masked() {
        return peer.masked
      },
      info: signal => noted('GET', peer.info(signal)),
      create: (params, signal) => noted('PUT', peer.create(params, signal)),
      changes: (request, signal) => peer.changes(request, signal),
      get heardAt() {
        return peer.heardAt
      },
      pending: (since, signal, filter) => peer.pending(since, signal, filter),
      revsDiff: (changes, signal) => noted('_revs_diff', peer.revsDiff(changes, signal)),
      bulkGet: (wanted, signal, options) =>
        this.#whileRead(`_bulk_get of the ${side}`, peer.bulkGet(wanted, signal, options)),
      readBase: async (id, rev, signal) => peer.readBase?.(id, rev, signal),
      openRevision: (wanted, signal) =>
        this.#whileRead(`GET of ${wanted.id} of the ${side}`, peer.openRevision(wanted, signal)),
      bulkDocs: (documents, signal) => noted('_bulk_docs', peer.bulkDocs(documents, signal)),
      put: (id, document, signal) => noted(`PUT of ${id}`, peer.put(id, document, signal)),
      getLocal: (id, signal) => noted('GET of the checkpoint', peer.getLocal(id, signal)),
      putLocal: (id, body, rev, signal) =>
        noted('PUT of the checkpoint', peer.putLocal(id, body, rev, signal)),
      getDocument: (id, signal) => noted(`GET of ${id}`, peer.getDocument(id, signal)),
      ensureFullCommit: signal => noted('_ensure_full_commit', peer.ensureFullCommit(signal)),
      close: () => peer.close(),
    }
  }

  async #during<T>(what: string, work: Promise<T>): Promise<T> {
    const entry = { what }
    this.#outstanding.add(entry)
    try {
      return await work
    } finally {
      this.#outstanding.delete(entry)
    }
  }

  async *#whileRead<T>(what: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    const entry = { what }
    this.#outstanding.add(entry)
    try {
      yield* items
    } finally {
      this.#outstanding.delete(entry)
    }
  }
}
