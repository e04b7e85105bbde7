import type { DestinationStream } from 'pino'

/** Lines go to the store thread, which has the log's file, some at a time. */
const GATHER_MS = 20

/** Destination of a thread's log. */
export interface GatheredLogStream extends DestinationStream {
  /** Sends what was gathered. */
  flush(): void
}

/** @param send takes lines as they are to be written */
export function gatheredLogStream(send: (lines: readonly string[]) => void): GatheredLogStream {
  let lines: string[] = []
  const flush = (): void => {
    const gathered = lines
    lines = []
    if (gathered.length > 0) send(gathered)
  }
  return {
    flush,
    write: line => {
      if (lines.push(line) === 1) setTimeout(flush, GATHER_MS)
    },
  }
}
