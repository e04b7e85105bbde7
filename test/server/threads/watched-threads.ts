import { type IncomingMessage, Server } from 'node:http'
import { Worker } from 'node:worker_threads'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'

/** The front threads of this process. */
export interface WatchedThreads {
  /** Those that were asked for their counts. */
  readonly seen: ReadonlySet<Worker>
  /** While set, answers to what threads ask do not reach them. */
  isMute: boolean
}

export function watchThreads(): WatchedThreads {
  const seen = new Set<Worker>()
  const watched = { seen, isMute: false }
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { postMessage } = Worker.prototype
  Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<Worker['postMessage']>) {
    const { kind } = args[0] as { kind?: string }
    if (kind === 'report') seen.add(this)
    if (!watched.isMute || kind !== 'answers') postMessage.apply(this, args)
  }
  return watched
}

/** Waits until more threads than before have been started and asked. */
export async function startsAgain(url: string, { seen }: WatchedThreads, before: number): Promise<void> {
  const isSeen = async (): Promise<boolean> => {
    await call(url, 'GET', '/_node/_local/_stats').catch(() => undefined)
    return seen.size > before
  }
  await eventually('another thread', isSeen, { withinMs: 120_000 })
}

/** The requests that servers of this thread get, as "GET /db/doc": front threads have servers of their own. */
export function watchRequests(): readonly string[] {
  const seen: string[] = []
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { emit } = Server.prototype
  Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]) {
    const [req] = args as [IncomingMessage]
    if (event === 'request') seen.push(`${req.method} ${req.url}`)
    return emit.apply(this, [event, ...args] as never)
  }
  return seen
}
