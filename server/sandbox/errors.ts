import { CouchError, fail } from '../../protocol/errors.ts'
import type { JsonValue } from '../../protocol/json-value.ts'
import { erlangText } from '../../protocol/selector/erlang-text.ts'
import { checkDepth } from './answer-depth.ts'
import type { WorkerOutcome } from './messages.ts'

/** The errors of functions that have a status of their own; all others are 500. (CouchDB: chttpd:error_info/1) */
const STATUS: Readonly<Record<string, number>> = {
  bad_request: 400,
  compilation_error: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conflict: 409,
}

/** The error that a function of a design document answered: name and reason as the query server protocol has them. */
export function functionError(name: string, reason: JsonValue): CouchError {
  return new CouchError(STATUS[name] ?? 500, name, typeof reason === 'string' ? reason : erlangText(reason))
}

/**
 * The JSON text that a command answered.
 *
 * @throws CouchError with what the function threw; `os_process_error` when it took too long; `InternalError` for an
 *   answer that is nested too deeply
 */
export function answerText(outcome: WorkerOutcome): string {
  if (outcome.kind === 'answer') {
    checkAnswer(outcome.text)
    if (outcome.text.startsWith('+')) return outcome.text.slice(1)
    const [, name, reason] = JSON.parse(outcome.text.slice(1)) as [string, string, JsonValue?]
    throw functionError(name, reason ?? null)
  }
  throw outcomeError(outcome)
}

/** @throws CouchError `InternalError` for text of a function that is nested too deeply */
export function checkAnswer(text: string): void {
  try {
    checkDepth(text)
  } catch (error) {
    throw new CouchError(500, 'InternalError', (error as Error).message)
  }
}

/** The error of an outcome that is no answer. */
export function outcomeError(outcome: WorkerOutcome): CouchError {
  if (outcome.kind !== 'failure') return fail('internal', 'unexpected outcome')
  return outcome.cause === 'timeout'
    ? fail('functionTimeout')
    : new CouchError(500, 'InternalError', outcome.message)
}
