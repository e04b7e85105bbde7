import { once } from 'node:events'
import { CouchError } from '../../../protocol/errors.ts'
import { abortResponse } from '../../http/response/abort-response.ts'
import type { RequestContext } from '../context.ts'
import { functionAnswer } from '../../query/design/function-answer.ts'
import { functionError } from '../../sandbox/errors.ts'
import type { ListEnd, ListOutput } from '../../sandbox/sandbox.ts'
import { answerFunction, setHead } from './answer-function.ts'
import { isClosed } from '../../http/response/is-closed.ts'

const SLICE = 64 * 1024
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * The answer of a list function: whole where it came at once, else as it comes. An error that ends a function which has
 * had a row is the end of its answer. (CouchDB: couch_mrview_show:send_list_row/2, chttpd:send_chunked_error/2)
 */
export class ListAnswer {
  readonly #ctx: RequestContext
  #isSending = false

  constructor(ctx: RequestContext) {
    this.#ctx = ctx
  }

  /** Sends what was said; returns when the client has taken it. @throws when it does not */
  async take({ head, text, hasBegun }: ListOutput): Promise<void> {
    if (!hasBegun) return
    this.#begin(head, 200)
    for (let offset = 0; offset < text.length; offset += SLICE)
      await this.#write(text.slice(offset, offset + SLICE))
  }

  /** Sends the rest, or what ended it. @throws what ended the function before anything was sent */
  async endWith(coming: Promise<ListEnd>): Promise<void> {
    try {
      await this.#end(await coming)
    } catch (error) {
      if (!this.#isSending) throw error
      if (error instanceof CouchError) this.#ctx.res.end(errorText(error))
      else if (!isClosed(this.#ctx.res)) abortResponse(this.#ctx, error)
    }
  }

  async #end(said: ListEnd): Promise<void> {
    const error = said.error === undefined ? undefined : functionError(said.error[1], said.error[2])
    if (!this.#isSending && error === undefined) return this.#answerWhole(said)
    if (!said.hasBegun) this.#begin(said.head, error?.status ?? 200)
    await this.take(said)
    this.#ctx.res.end(error === undefined ? undefined : errorText(error))
  }

  /** A function that said nothing at all has an empty answer, whatever its head. */
  #answerWhole({ head, text, hasBegun }: ListEnd): void {
    const { res } = this.#ctx
    if (hasBegun) {
      const { status, headers } = functionAnswer(head, 200)
      return answerFunction(this.#ctx, { status, headers, body: Buffer.from(text), isJson: false })
    }
    this.#ctx.respond = false
    res.statusCode = 200
    res.end()
  }

  #begin(head: ListOutput['head'], status: number): void {
    if (this.#isSending) return
    const { services, state, res } = this.#ctx
    setHead(this.#ctx, functionAnswer(head, status))
    this.#isSending = true
    this.#ctx.respond = false
    const { database, user, proof, rightsEpoch: epoch = 0 } = state
    if (database === undefined) return
    res.once('close', services.live.add({ database, user, proof, epoch, end: () => res.destroy() }))
  }

  async #write(text: string): Promise<void> {
    const { res, services } = this.#ctx
    if (isClosed(res)) throw gone('the client has left')
    if (res.write(text)) return
    const mostMs = Math.min(services.config.integer('couchette', 'list_timeout'), LONGEST_TIMER_MS)
    const stalled = AbortSignal.timeout(mostMs)
    const closed = new AbortController()
    const leave = (): void => closed.abort()
    res.once('close', leave)
    try {
      await once(res, 'drain', { signal: AbortSignal.any([stalled, closed.signal]) })
    } catch {
      throw gone(closed.signal.aborted ? 'the client has left' : 'the client takes nothing of a list')
    } finally {
      res.off('close', leave)
    }
  }
}

function gone(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}

function errorText({ error, reasonValue: given }: CouchError): string {
  return `\n${JSON.stringify({ error, reason: given })}\n`
}
