const WIDTH = 30

/** A bar that is redrawn on a terminal; elsewhere, a line for every tenth. */
export class ProgressBar {
  readonly #label: string
  readonly #total: number
  readonly #start = performance.now()
  #tenths = -1

  constructor(label: string, total: number) {
    this.#label = label
    this.#total = total
  }

  show(done: number): void {
    const share = Math.min(done / this.#total, 1)
    if (process.stdout.isTTY) process.stdout.write(`\r${this.#line(done, share)}`)
    else if (Math.floor(share * 10) > this.#tenths) console.log(this.#line(done, share))
    this.#tenths = Math.floor(share * 10)
  }

  /** Draws the full bar, and gives the rate a second. */
  finish(): number {
    if (process.stdout.isTTY) process.stdout.write(`\r${this.#line(this.#total, 1)}\n`)
    return this.#rate(this.#total)
  }

  #line(done: number, share: number): string {
    const full = Math.round(share * WIDTH)
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full)
    const count = `${done.toLocaleString('en')} of ${this.#total.toLocaleString('en')}`
    return `${this.#label} ${bar} ${Math.floor(share * 100)}%  ${count}  ${this.#rate(done).toLocaleString('en')}/s  `
  }

  #rate(done: number): number {
    return Math.round(done / ((performance.now() - this.#start) / 1000))
  }
}
