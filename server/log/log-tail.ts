import type { DestinationStream } from 'pino'

/** The last lines of the server's log, for administrators who have no shell on its machine. */
export class LogTail {
  readonly #most: () => number
  #lines: { readonly number: number; readonly text: string }[] = []
  #next = 1

  /** @param most lines to keep, asked for with each line */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Returns a stream that writes to another and keeps what it writes. */
  beside(stream: DestinationStream): DestinationStream {
    return {
      write: line => {
        stream.write(line)
        this.add(line)
      },
    }
  }

  /** Takes a line, a JSON object, as it goes to the log. */
  add(line: string): void {
    const most = this.#most()
    if (most <= 0) {
      this.#lines = []
      return
    }
    this.#lines.push({ number: this.#next, text: shortened(line.trimEnd()) })
    this.#next += 1
    // Cut in blocks: moving all lines for each new one would cost most of the time.
    if (this.#lines.length > most * 1.25 + 1) this.#lines = this.#lines.slice(-most)
  }

  /**
   * Returns the newest lines behind a number, the oldest first, and the number to ask for next.
   *
   * @param since number of the last line that is known; 0 for all
   */
  read(since: number, limit: number): { readonly lines: readonly string[]; readonly last: number } {
    const found = this.#lines.slice(-Math.max(0, this.#most())).filter(({ number }) => number > since)
    const shown = limit <= 0 ? [] : found.slice(-limit)
    return { lines: shown.map(({ text }) => text), last: this.#next - 1 }
  }
}

const MAX_LINE = 16 * 1024
const SHOWN = 1000

/** A line that is too long, such as an error with many causes, becomes one that holds its beginning. */
function shortened(line: string): string {
  return line.length <= MAX_LINE ? line : JSON.stringify({ msg: `${line.slice(0, SHOWN)}…` })
}
