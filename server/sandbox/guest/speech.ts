import type { GuestResponse } from './host.ts'

/** `start` and `send`: what show and list functions say while they run. */
export interface GuestSpeech {
  /** Forgets what was said. */
  reset(): void
  add(chunk: string): void
  /** What `start` was given since this was asked last. */
  takeStart(): GuestResponse | undefined
  /** The chunks that were sent since. */
  takeChunks(): string[]
}

export function createSpeech(): GuestSpeech {
  const scope = globalThis as unknown as Record<string, unknown>
  let chunks: string[] = []
  let started: GuestResponse | undefined

  scope.start = (response?: GuestResponse) => {
    started = response ?? {}
  }
  scope.send = (chunk: { toString(): string }) => {
    chunks.push(chunk.toString())
  }

  return {
    reset() {
      chunks = []
      started = undefined
    },
    add(chunk) {
      chunks.push(chunk)
    },
    takeStart() {
      const taken = started
      started = undefined
      return taken
    },
    takeChunks() {
      const taken = chunks
      chunks = []
      return taken
    },
  }
}
