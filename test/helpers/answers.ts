import type { ExecutionContext } from 'ava'
import { call } from './http.ts'

/** A request and what is answered: what is not given is not looked at. */
export interface Exchange {
  readonly method: string
  readonly path: string
  /** Sent as JSON text; a string is sent as it is. */
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly status: number
  /** Members that the body has, or the whole of a body that is no object. */
  readonly answer?: unknown
  readonly answerHeaders?: Record<string, string>
}

/** Makes the requests one after the other and checks every answer. */
export async function checkAnswers(
  t: ExecutionContext,
  url: string,
  exchanges: readonly Exchange[],
): Promise<void> {
  for (const { method, path, body, headers = {}, status, answer, answerHeaders = {} } of exchanges) {
    const raw = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const typed = raw === undefined ? {} : { 'content-type': 'application/json' }
    const got = await call<unknown>(url, method, path, {
      headers: { ...typed, ...headers },
      ...(raw === undefined ? {} : { raw }),
    })
    const name = `${method} ${path} ${raw ?? ''}`
    t.is(got.status, status, `${name}: ${JSON.stringify(got.body)}`)
    if (answer !== undefined) t.deepEqual(membersOf(got.body, answer), answer, name)
    for (const [header, value] of Object.entries(answerHeaders)) t.is(got.headers[header], value, name)
  }
}

/** The answer of CouchDB to a request that it refuses. */
export function refused(error: string, reason: string): { error: string; reason: string } {
  return { error, reason }
}

function membersOf(body: unknown, asked: unknown): unknown {
  if (!isObject(body) || !isObject(asked)) return body
  return Object.fromEntries(Object.keys(asked).map(key => [key, body[key]]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
