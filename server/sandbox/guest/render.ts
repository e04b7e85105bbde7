import { isArray, jsonOf } from './builtins.ts'
import { describe, isFatal, isProtocolError, membersOf } from './errors.ts'
import { host, type GuestFunction, type GuestResponse } from './host.ts'
import { chosenType, isMimeUsed, resetMime, runProvided } from './mime.ts'
import { resetOutput, takeChunks, takeStart } from './output.ts'

/** A call of a show, list or update function: the function, its `this`, and its parameters. */
export interface Call {
  readonly run: GuestFunction
  readonly ddoc: unknown
  readonly args: unknown[]
}

/** The second parameter of show and list functions. */
export type GuestRequest = Parameters<typeof runProvided>[0]

/** Runs a show function. (CouchDB: share/server/render.js) */
export function show(call: Call): GuestResponse {
  reset()
  try {
    return showOnce(call)
  } catch (thrown) {
    // Behind the function's name comes a document's id.
    const { path } = call.args[1] as { path: string[] }
    if (call.args[0] === null && path.length > 5) throw ['error', 'not_found', 'document not found']
    return rethrow(thrown)
  }
}

function showOnce({ run, ddoc, args }: Call): GuestResponse {
  // What counts as nothing in JavaScript is an answer without a body, and so is an empty text.
  const response = wrap(run.apply(ddoc, args) || {})
  const chunks = takeChunks()
  if (chunks.length > 0) {
    response.headers = { ...response.headers, ...(takeStart() as Record<string, unknown> | undefined) }
    response.body = chunks.join('') + String(response.body || '')
  }
  if (isMimeUsed()) {
    const provided = wrap(runProvided(args[1] as GuestRequest, ddoc) || {})
    response.body = String(response.body || '') + takeChunks().join('') + String(provided.body || '')
    withType(response)
  }
  return isResponse(response) ? response : fail('undefined response from show function')
}

/** Runs an update function, which returns a document (or null) and a response. Returns both as members of JSON. */
export function update({ run, ddoc, args }: Call): string {
  reset()
  try {
    // Not destructured: what is no array is no error of its own.
    const result = run.apply(ddoc, args) as Record<number, unknown>
    const response = result[1]
    if (!isResponse(response)) return fail('undefined response from update function')
    return `{"document":${jsonOf(result[0])},"response":${jsonOf(wrap(response))}}`
  } catch (thrown) {
    return rethrow(thrown)
  }
}

/** Puts the type that `provides` chose into the headers. */
export function withType(response: GuestResponse): GuestResponse {
  const contentType = chosenType()
  response.headers ??= {}
  if (contentType !== undefined) response.headers['Content-Type'] ??= contentType
  return response
}

/** Throws what a function has thrown as the error that its caller gets; the protocol's own form stays as it is. */
export function rethrow(thrown: unknown): never {
  const reason = describe(thrown)[2]
  const { error, reason: given, stack } = membersOf(thrown)
  if (isProtocolError(thrown) || (error && given) || isFatal(thrown)) throw thrown
  const message = `function raised error: ${String(thrown)} \nstacktrace: ${String(stack ?? reason)}`
  host.log(message)
  return fail(message)
}

function reset(): void {
  resetOutput()
  resetMime()
}

function wrap(response: unknown): GuestResponse {
  return typeof response === 'string' ? { body: response } : (response as GuestResponse)
}

function isResponse(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && !isArray(value))
}

function fail(reason: string): never {
  throw ['error', 'render_error', reason]
}
