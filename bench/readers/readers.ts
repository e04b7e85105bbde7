import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { target } from '../../harness/client.ts'
import type { Opened, ReaderOrder, ReaderReport } from './messages.ts'

const REPORT_WITHIN_MS = 60_000

/** Feeds in a process of their own, so that reading them does not hold up the writes that are timed. */
export class Readers {
  readonly #child: ChildProcess
  readonly #report: Promise<ReaderReport>

  /** Opens a feed for each path; returns when all have begun. */
  static async open(url: string, paths: readonly string[], rowsEach: number): Promise<Readers> {
    const { hostname, port } = new URL(url)
    const { authorization } = target(url).headers
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const child = fork(fileURLToPath(new URL(`child.${extension}`, import.meta.url)), {
      execArgv: extension === 'ts' ? ['--import', 'tsx'] : [],
    })
    const rows = paths.length * rowsEach
    child.send({
      host: hostname,
      port: Number(port),
      authorization,
      paths,
      rowsEach,
      rows,
    } satisfies ReaderOrder)
    const [{ opened }] = (await once(child, 'message')) as [Opened]
    if (opened !== paths.length) throw new Error(`only ${opened} feeds opened`)
    return new Readers(child)
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#report = once(child, 'message').then(([report]) => report as ReaderReport)
  }

  /** Waits until all rows have come, and ends the feeds. */
  async finish(): Promise<ReaderReport> {
    const timer = setTimeout(() => this.#child.send('end'), REPORT_WITHIN_MS)
    const report = await this.#report
    clearTimeout(timer)
    await this.close()
    return report
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || !this.#child.connected) return
    const exit = once(this.#child, 'exit')
    this.#child.send('end')
    await exit
  }
}
