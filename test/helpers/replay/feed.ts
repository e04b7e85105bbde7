import type { IncomingMessage } from 'node:http'

const READ_WITHIN_MS = 10_000

export interface ReadOptions {
  /** How many lines that are not empty; all that is left when the feed ends first. */
  readonly lines?: number
  readonly within?: number
  readonly untilEnd?: boolean
}

/** An open feed, read line by line. */
export class Feed {
  readonly #response: IncomingMessage
  #text = ''
  #ended = false
  #wake: () => void = () => {}

  constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => this.#notice(() => (this.#text += chunk)))
    response.on('end', () => this.#notice(() => (this.#ended = true)))
    response.on('error', () => this.#notice(() => (this.#ended = true)))
  }

  /** What is still missing when the time is over is told by a last line in `<<…>>`, which equals no recorded line. */
  async read({
    lines = Infinity,
    within = READ_WITHIN_MS,
    untilEnd = false,
  }: ReadOptions): Promise<string[]> {
    const read: string[] = []
    const deadline = Date.now() + within
    for (;;) {
      this.#takeLines(read, lines)
      if (read.length >= lines && !untilEnd) return read
      if (this.#ended) return this.#takeRest(read)
      const leftMs = deadline - Date.now()
      if (leftMs <= 0) return [...read, `<<nothing more within ${within} ms>>`]
      await this.#news(leftMs)
    }
  }

  close(): void {
    this.#response.destroy()
  }

  #takeLines(into: string[], lines: number): void {
    for (
      let end = this.#text.indexOf('\n');
      end >= 0 && into.length < lines;
      end = this.#text.indexOf('\n')
    ) {
      const line = this.#text.slice(0, end).replace(/\r$/, '')
      this.#text = this.#text.slice(end + 1)
      if (line.trim() !== '') into.push(line)
    }
  }

  #takeRest(read: string[]): string[] {
    const rest = this.#text.trim()
    this.#text = ''
    return rest === '' ? read : [...read, rest]
  }

  #notice(change: () => void): void {
    change()
    this.#wake()
  }

  #news(withinMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
