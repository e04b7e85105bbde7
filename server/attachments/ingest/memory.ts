import { MessageChannel } from 'node:worker_threads'

/** Sending to a port that is closed takes the memory away from the sender, and gives it to nobody. */
const closedPort = new MessageChannel().port1
closedPort.close()

/** Handing over less than this costs more than copying it. */
const MIN_WHOLE_BYTES = 4096

/** Returns whether the bytes span their whole ArrayBuffer, so that it can be transferred. */
export function isWhole(bytes: Uint8Array): boolean {
  return bytes.length >= MIN_WHOLE_BYTES && bytes.length === bytes.buffer.byteLength
}

/**
 * Frees the memory of bytes that are done with, each all of its memory. The garbage collector would let tens of
 * megabytes of them gather first: to it they are a few small objects.
 */
export function free(pieces: readonly Uint8Array[]): void {
  if (pieces.length > 0) closedPort.postMessage(undefined, memoryOf(pieces))
}

/** Returns the ArrayBuffers of the pieces, for a transfer list. */
export function memoryOf(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  return pieces.map(({ buffer }) => buffer as ArrayBuffer)
}
