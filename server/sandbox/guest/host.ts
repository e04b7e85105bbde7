/*
 * The files of this folder run inside QuickJS: each exports one function that is sent there as its source text, so it
 * may use nothing but its parameters and what JavaScript has built in, and keeps what it needs of that before a
 * design document can change it. CouchDB's functions throw arrays and whatever a design document throws, so do these.
 */

/** What the engine gives to the guest. */
export interface GuestHost {
  /** Writes a line to the server's log. */
  log(message: string): void
  /** Gives the next document its own time, but for a millisecond that it may share with those before it. */
  tick(): void
  /** Hands over a part of what a command answers, which then takes no memory of the engine. */
  give(part: string): void
  /** Hands something to who runs the command, in the middle of it, and waits for an answer. */
  exchange(said: string): string
  /** Makes code of the source of a function: JSON of a PreparedSource, or of an `error`. */
  prepare(source: string, language: string): string
}

/** An error as the query server protocol of CouchDB spells it. */
export type GuestError = ['error' | 'fatal', name: string, reason: unknown]

/** A function of a design document. */
export type GuestFunction = (this: unknown, ...args: unknown[]) => unknown

/** What a show, list or update function answers. */
export interface GuestResponse {
  body?: unknown
  headers?: Record<string, unknown>
  [name: string]: unknown
}

/** Calls of the host cost as much as a short function: it is told of one in each millisecond. */
export function createTick(tell: () => void): () => void {
  const { now } = Date
  let told = 0
  return () => {
    const time = now()
    if (time === told) return
    told = time
    tell()
  }
}
