import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { fail } from '../../../protocol/errors.ts'
import type { HttpContext } from '../context.ts'
import { QueryParams } from '../request/query-params.ts'

/** Names of functions in a page: no other JavaScript can hide in a `callback` that matches. */
const CALLBACK = /^[A-Za-z0-9._[\]]+$/

/**
 * With `[chttpd] allow_jsonp`, an answer in JSON becomes a script that hands it to the function which `callback` names,
 * for pages that can load nothing else (CouchDB: couch_httpd:initialize_jsonp/1). Live feeds stay as they are: a script
 * runs when it is whole.
 *
 * @throws `bad_request` for what is no name of a function
 */
export function answerAsScript(ctx: HttpContext): void {
  if (!ctx.querystring.includes('callback=') || !ctx.services.config.boolean('chttpd', 'allow_jsonp')) return
  const query = QueryParams.of(ctx)
  const callback = query.text('callback') ?? ''
  if (callback === '' || !['normal', undefined].includes(query.text('feed'))) return
  if (!CALLBACK.test(callback)) throw fail('badRequest', 'invalid_callback')
  wrap(ctx.res, `/* CouchDB */${callback}(`, ');\n')
}

function wrap(res: ServerResponse, start: string, finish: string): void {
  const writeHead = res.writeHead.bind(res)
  const write = res.write.bind(res)
  const end = res.end.bind(res)
  let isScript = false
  let isStarted = false

  /** Writes the beginning of the script if it is still missing; returns false if the answer becomes no script. */
  const begin = (): boolean => {
    if (!res.headersSent) res.writeHead(res.statusCode)
    if (isScript && !isStarted) write(start)
    isStarted = true
    return isScript
  }
  res.writeHead = (status: number, given?: unknown) => {
    const { 'Content-Type': type = res.getHeader('Content-Type'), ...others } = (given ??
      {}) as OutgoingHttpHeaders
    isScript = type === 'application/json'
    if (!isScript) return writeHead(status, given as OutgoingHttpHeaders)
    delete others['Content-Length']
    res.removeHeader('Content-Length')
    return writeHead(status, { ...others, 'Content-Type': 'application/javascript' })
  }
  res.write = ((...args: Parameters<typeof write>) => {
    begin()
    return write(...args)
  }) as typeof res.write
  res.end = ((chunk?: unknown) => {
    const inScript = begin()
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) write(chunk)
    return inScript ? end(finish) : end()
  }) as typeof res.end
}
