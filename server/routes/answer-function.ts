import type { RequestContext } from '../http/context.ts'
import { sendJson } from '../http/reply.ts'
import type { FunctionAnswer } from '../query/design/function-answer.ts'

/** Sends what a show, list or update function answered, whole. */
export function answerFunction(ctx: RequestContext, { status, headers, body, isJson }: FunctionAnswer): void {
  if (isJson && headers['content-type'] === 'application/json') {
    for (const [name, value] of Object.entries(headers)) if (name !== 'content-type') ctx.set(name, value)
    sendJson(ctx, body, status)
    return
  }
  setHead(ctx, { status, headers })
  ctx.body = body
}

/** Status and headers of a function's answer. */
export function setHead(
  ctx: RequestContext,
  { status, headers }: Pick<FunctionAnswer, 'status' | 'headers'>,
): void {
  ctx.status = status
  const { config } = ctx.services
  if (config.boolean('csp', 'showlist_enable')) {
    ctx.set('Content-Security-Policy', config.text('csp', 'showlist_header_value'))
  }
  ctx.set({ ...headers })
}
