import { fail } from '../../../protocol/errors.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { FunctionAnswer } from '../../query/design/function-answer.ts'

/** Sends what a show, list or update function answered, whole. */
export function answerFunction(ctx: RequestContext, { status, headers, body, isJson }: FunctionAnswer): void {
  if (isJson && headers['content-type'] === 'application/json') {
    const { 'content-type': _type, ...others } = headers
    setHeaders(ctx, others)
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
  setHeaders(ctx, headers)
}

/**
 * Sets a function's headers; what its answer varies by comes on top of what every answer varies by.
 *
 * @throws `external_response_error` for more than a request may have: a hundred thousand of them hold up everybody
 */
function setHeaders(ctx: RequestContext, headers: Readonly<Record<string, string>>): void {
  let length = 0
  for (const [name, value] of Object.entries(headers)) length += name.length + value.length
  if (length > ctx.services.config.integer('couchette', 'max_header_size'))
    throw fail('badFunctionAnswer', 'headers are too long')
  const { vary, ...others } = headers
  ctx.set(others)
  if (vary !== undefined) ctx.append('Vary', vary)
}
