import { jsonList, jsonOf } from './builtins.ts'
import { ddoc, functionAt } from './design-document.ts'
import { describe, errorText, isFatal, isProtocolError, membersOf } from './errors.ts'
import { host } from './host.ts'

/** Returns for each write null where it is valid, else `thrown`, or the `error` of the function: a JSON array. */
export function validateAll(batch: unknown[][]): string {
  return jsonList(batch, args => {
    host.tick()
    try {
      return validate(args)
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown
      return `{"error":${errorText(describe(thrown))}}`
    }
  })
}

/** Runs the validation function. An object that it throws (`forbidden`, `unauthorized`) is an answer, not an error. */
function validate(args: unknown[]): string {
  try {
    functionAt(['validate_doc_update']).apply(ddoc, args)
    return 'null'
  } catch (thrown) {
    const { name, stack } = membersOf(thrown)
    if ((name && stack) || isProtocolError(thrown)) throw thrown
    return `{"thrown":${jsonOf(thrown)}}`
  }
}
