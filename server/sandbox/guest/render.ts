import type { GuestErrors } from './errors.ts'
import type { GuestFunction, GuestHost, GuestResponse } from './host.ts'
import type { GuestMime } from './mime.ts'
import type { GuestSpeech } from './speech.ts'

/** Show and update functions. (CouchDB: share/server/render.js) */
export interface GuestRender {
  show(run: GuestFunction, ddoc: unknown, args: unknown[]): GuestResponse
  update(run: GuestFunction, ddoc: unknown, args: unknown[]): { document: unknown; response: GuestResponse }
  /** Puts the chosen type into the headers. */
  withType(response: GuestResponse): GuestResponse
  /** Throws what a function has thrown as the error that its caller gets. */
  rethrow(thrown: unknown): never
}

export function createRender(
  host: GuestHost,
  mime: GuestMime,
  errors: GuestErrors,
  speech: GuestSpeech,
): GuestRender {
  const { isArray } = Array

  const reset = () => {
    speech.reset()
    mime.reset()
  }

  const wrap = (response: unknown): GuestResponse =>
    typeof response === 'string' ? { body: response } : (response as GuestResponse)

  const withType = (response: GuestResponse): GuestResponse => {
    const contentType = mime.contentType()
    response.headers ??= {}
    if (contentType !== undefined) response.headers['Content-Type'] ??= contentType
    return response
  }

  const fail = (reason: string): never => {
    throw ['error', 'render_error', reason]
  }

  /** What a function throws in the protocol's own form goes to the client as it is. */
  const rethrow = (thrown: unknown): never => {
    const [, , reason] = errors.describe(thrown)
    const named = (thrown ?? {}) as { error?: unknown; reason?: unknown }
    const isProtocol = isArray(thrown) && (thrown[0] === 'error' || thrown[0] === 'fatal')
    if (isProtocol || (named.error && named.reason) || errors.isFatal(thrown)) throw thrown
    const stack = (thrown as { stack?: unknown } | undefined)?.stack
    const message = `function raised error: ${String(thrown)} \nstacktrace: ${String(stack ?? reason)}`
    host.log(message)
    return fail(message)
  }

  const isResponse = (value: unknown): boolean =>
    typeof value === 'string' || (typeof value === 'object' && value !== null && !isArray(value))

  const showOnce = (run: GuestFunction, ddoc: unknown, args: unknown[]): GuestResponse => {
    const response = wrap(run.apply(ddoc, args) ?? {})
    const chunks = speech.takeChunks()
    if (chunks.length > 0) {
      response.headers = {
        ...response.headers,
        ...(speech.takeStart() as Record<string, unknown> | undefined),
      }
      response.body = chunks.join('') + String(response.body ?? '')
    }
    if (mime.isUsed()) {
      const provided = wrap(mime.run(args[1] as Parameters<GuestMime['run']>[0], ddoc) ?? {})
      response.body = String(response.body ?? '') + speech.takeChunks().join('') + String(provided.body ?? '')
      withType(response)
    }
    return isResponse(response) ? response : fail('undefined response from show function')
  }

  return {
    show(run, ddoc, args) {
      reset()
      try {
        return showOnce(run, ddoc, args)
      } catch (thrown) {
        // Behind the function's name comes a document's id.
        const { path } = args[1] as { path: string[] }
        if (args[0] === null && path.length > 5) throw ['error', 'not_found', 'document not found']
        return rethrow(thrown)
      }
    },
    update(run, ddoc, args) {
      reset()
      try {
        const [document, response] = run.apply(ddoc, args) as unknown[]
        if (!isResponse(response)) return fail('undefined response from update function')
        return { document, response: wrap(response) }
      } catch (thrown) {
        return rethrow(thrown)
      }
    },
    withType,
    rethrow,
  }
}
