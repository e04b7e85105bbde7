import { scope } from './builtins.ts'
import type { GuestResponse } from './host.ts'

let chunks: string[] = []
let started: GuestResponse | undefined

/** Installs `start` and `send`, by which show and list functions answer while they run. */
export function installOutputGlobals(): void {
  scope.start = (response?: GuestResponse) => {
    started = response ?? {}
  }
  scope.send = (chunk: { toString(): string }) => {
    chunks.push(chunk.toString())
  }
}

/** Forgets the output of the call before. */
export function resetOutput(): void {
  chunks = []
  started = undefined
}

export function addChunk(chunk: string): void {
  chunks.push(chunk)
}

/** Returns the response that `start` was given since this was last called. */
export function takeStart(): GuestResponse | undefined {
  const taken = started
  started = undefined
  return taken
}

/** Returns the chunks that were sent since this was last called. */
export function takeChunks(): string[] {
  const taken = chunks
  chunks = []
  return taken
}
