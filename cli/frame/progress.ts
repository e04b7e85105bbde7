import type { Io } from './io.ts'

const REDRAW_MS = 100
const PLAIN_MS = 5000
const BAR_CELLS = 24
const CLEAR_LINE = '\r\u001B[2K'

/**
 * Progress of one command on standard error: a bar that is redrawn on a terminal, a plain line now and then in a pipe,
 * nothing with `--json`.
 */
export class Progress {
  readonly #io: Io
  readonly #isTerminal: boolean
  readonly #isSilent: boolean
  #shownAt = Number.NEGATIVE_INFINITY
  #drawn = false

  constructor(io: Io, { silent = false } = {}) {
    this.#io = io
    this.#isSilent = silent
    this.#isTerminal = io.stderr.isTTY === true
  }

  /**
   * Shows where the command stands, at most ten times a second on a terminal and once in five seconds elsewhere.
   *
   * @param fraction done, from 0 to 1; undefined where the end is not known
   */
  show(text: string, fraction?: number): void {
    if (this.#isSilent) return
    const now = performance.now()
    if (now - this.#shownAt < (this.#isTerminal ? REDRAW_MS : PLAIN_MS)) return
    this.#shownAt = now
    const share = fraction === undefined ? undefined : Math.min(1, Math.max(0, fraction))
    const percent = share === undefined ? '' : `${String(Math.floor(share * 100)).padStart(3)}%  `
    if (!this.#isTerminal) {
      this.#io.stderr.write(`${percent.trimStart()}${text}\n`)
      return
    }
    const line = `${bar(share)}${percent}${text}`
    this.#io.stderr.write(`${CLEAR_LINE}${line.slice(0, (this.#io.stderr.columns ?? 80) - 1)}`)
    this.#drawn = true
  }

  /** Prints a line that stays, above the bar. */
  note(text: string): void {
    if (this.#isSilent) return
    this.end()
    this.#io.stderr.write(`${text}\n`)
  }

  /** Removes the bar; idempotent. */
  end(): void {
    if (this.#drawn) this.#io.stderr.write(CLEAR_LINE)
    this.#drawn = false
    if (this.#isTerminal) this.#shownAt = Number.NEGATIVE_INFINITY
  }
}

function bar(share: number | undefined): string {
  if (share === undefined) return ''
  const filled = Math.round(share * BAR_CELLS)
  return `[${'='.repeat(filled)}${' '.repeat(BAR_CELLS - filled)}] `
}

/** Rate of a growing total over the last seconds. */
export class Meter {
  readonly #samples: { readonly at: number; readonly total: number }[] = []
  readonly #windowMs: number

  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs
  }

  /** Takes the total as it is now; returns how much was added per second. */
  update(total: number, now = performance.now()): number {
    this.#samples.push({ at: now, total })
    while ((this.#samples[1]?.at ?? now) < now - this.#windowMs) this.#samples.shift()
    const [first] = this.#samples
    if (first === undefined || now - first.at < 1) return 0
    return Math.max(0, (1000 * (total - first.total)) / (now - first.at))
  }
}
