import { CouchError } from '../../protocol/errors.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { PackedJobError } from './job-messages.ts'
import { packError, unpackError } from './packed-documents.ts'

/** Packs why a run ended: classes of errors do not cross to another thread. */
export function packJobError(error: unknown): PackedJobError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  if (error instanceof PeerError) {
    const { error: word, reason, status, transient, retryAfterMs } = error
    return { message, stack, peer: { error: word, reason, status, transient, retryAfterMs } }
  }
  return error instanceof CouchError ? { message, stack, couch: packError(error) } : { message, stack }
}

export function unpackJobError({ message, stack, peer, couch }: PackedJobError): Error {
  const error = peer ? peerError(peer) : couch ? unpackError(couch) : new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}

function peerError({
  error,
  reason,
  retryAfterMs,
  ...details
}: NonNullable<PackedJobError['peer']>): PeerError {
  return new PeerError(error, reason, {
    ...details,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
