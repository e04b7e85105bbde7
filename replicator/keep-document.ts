import type { GatheredBytes } from '../protocol/gathered-bytes.ts'
import { PEER_LIMITS } from './http/held-memory.ts'
import { PeerError } from './peer-error.ts'

/**
 * Adds bytes of a multipart answer's first part, the document.
 *
 * @throws PeerError `no_couchdb` where it is longer than a document may be
 */
export function keepDocument(document: GatheredBytes, bytes: Uint8Array): void {
  document.push(Buffer.from(bytes))
  if (document.length > PEER_LIMITS.maxDocument)
    throw new PeerError('no_couchdb', 'a document of a multipart answer does not end')
}
