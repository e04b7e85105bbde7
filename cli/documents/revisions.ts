import type { HttpClient } from '../../replicator/http/http-client.ts'
import type { HttpPeer } from '../../replicator/http/http-peer.ts'
import { encodeDocId, readInlineRevision } from '../../replicator/http/open-revision.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { Change } from '../../replicator/peer.ts'
import { retrying } from '../../replicator/retry.ts'
import { withoutObjectMember } from './json-text.ts'

/** Fetches the text of revisions, with their histories and their attachments in them. */
export class RevisionReader {
  readonly #peer: HttpPeer
  readonly #client: HttpClient
  readonly #attachments: boolean
  #useBulkGet = true

  /** @param attachments whether their data is fetched; stubs are left out otherwise, as nothing could be made of them */
  constructor(peer: HttpPeer, client: HttpClient, attachments: boolean) {
    this.#peer = peer
    this.#client = client
    this.#attachments = attachments
  }

  /** Returns the revisions of the changes in order of their ids there; what is gone meanwhile is left out. */
  async read(changes: readonly Change[], signal: AbortSignal): Promise<Buffer[]> {
    if (!this.#useBulkGet) return this.#oneByOne(changes, signal)
    try {
      return await retrying(this.#client.retryPolicy, signal, () => this.#bulk(changes, signal))
    } catch (error) {
      if (!(error instanceof PeerError) || error.error !== 'bulk_get_unsupported') throw error
      this.#useBulkGet = false
      return this.#oneByOne(changes, signal)
    }
  }

  async #bulk(changes: readonly Change[], signal: AbortSignal): Promise<Buffer[]> {
    const wanted = changes.map(({ id, revs }) => ({ id, revs, possibleAncestors: [] }))
    const found: Buffer[] = []
    const withAttachments: { readonly id: string; readonly rev: string }[] = []
    for await (const revisions of this.#peer.bulkGet(wanted, signal)) {
      for (const revision of revisions) {
        // A view of the answer's buffer, which is kept only as long as the batch.
        if (revision.kind === 'document') found.push(Buffer.from(revision.json))
        else if (revision.kind === 'attachments') withAttachments.push(revision)
      }
    }
    for (const { id, rev } of withAttachments) found.push(...(await this.#one(id, rev, signal)))
    return found
  }

  async #oneByOne(changes: readonly Change[], signal: AbortSignal): Promise<Buffer[]> {
    const found: Buffer[] = []
    for (const { id, revs } of changes)
      for (const rev of revs) found.push(...(await this.#one(id, rev, signal)))
    return found
  }

  async #one(id: string, rev: string, signal: AbortSignal): Promise<Buffer[]> {
    const query = `rev=${encodeURIComponent(rev)}&revs=true&attachments=${this.#attachments}`
    const request = {
      method: 'GET',
      path: `${encodeDocId(id)}?${query}`,
      headers: { accept: 'application/json' },
    } as const
    try {
      return await retrying(this.#client.retryPolicy, signal, async () => {
        const found: Buffer[] = []
        for await (const revision of this.#client.stream(request, signal, readInlineRevision))
          if (revision.kind === 'document') found.push(trimmed(revision.json))
        return this.#attachments ? found : found.map(json => withoutObjectMember(json, '_attachments'))
      })
    } catch (error) {
      if (error instanceof PeerError && error.status === 404) return []
      throw error
    }
  }
}

/** The answer to a GET ends with a newline. */
function trimmed(json: Uint8Array): Buffer {
  let end = json.length
  while (end > 0 && (json[end - 1] ?? 0) <= 0x20) end--
  return Buffer.from(json.subarray(0, end))
}
