import { now } from './builtins.ts'

/** Functions that the engine gives to the guest. */
export interface GuestHost {
  /** Writes a line to the server's log. */
  readonly log: (message: string) => void
  /** Gives the next document its own time, but for a millisecond that it may share with those before it. */
  readonly tick: () => void
  /** Hands over a part of a command's answer, which then takes no memory of the engine. */
  readonly give: (part: string) => void
  /** Hands a text to the caller in the middle of a command, and waits for the answer. */
  readonly exchange: (output: string) => string
  /** Makes code of the source of a function: JSON of a PreparedSource, or of an `error`. */
  readonly prepare: (source: string, language: string) => string
}

/** An error as the query server protocol of CouchDB spells it. */
export type GuestError = ['error' | 'fatal', name: string, reason: unknown]

/** A function of a design document. */
export type GuestFunction = (this: unknown, ...args: unknown[]) => unknown

/** The answer of a show, list or update function. */
export interface GuestResponse {
  body?: unknown
  headers?: Record<string, unknown>
  [name: string]: unknown
}

/** The host of this engine, set by `connect` before anything else runs. */
export let host: GuestHost

export function connect(given: GuestHost): void {
  host = { ...given, tick: oncePerMillisecond(given.tick) }
}

/** A call of the host costs as much as a short function: it gets one in each millisecond. */
function oncePerMillisecond(tick: () => void): () => void {
  let last = 0
  return () => {
    const time = now()
    if (time === last) return
    last = time
    tick()
  }
}
