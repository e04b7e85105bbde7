import { fail } from '../../../protocol/errors.ts'

/** Pattern that a new password must match, with the reason of the error if it does not. */
export interface PasswordRule {
  readonly pattern: RegExp
  readonly reason: string
}

const NOT_CONFORMING = 'Password does not conform to requirements.'
const CANNOT_HASH = 'Server cannot hash passwords at this time.'

/**
 * Reads `[chttpd_auth] password_regexp`, an Erlang term: `[{"regexp", "reason"}, {"regexp"}, "regexp"]`.
 *
 * @throws `forbidden` where it cannot be read: no password is taken unchecked
 */
export function parsePasswordRules(text: string): PasswordRule[] {
  const list = /^\s*\[(.*)\]\s*\.?\s*$/s.exec(text)?.[1]
  if (text.trim() === '') return []
  if (list === undefined) throw fail('forbidden', CANNOT_HASH)
  const entry =
    /\s*(?:\{\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*"((?:[^"\\]|\\.)*)"\s*)?\}|"((?:[^"\\]|\\.)*)")\s*(?:,|$)/gsy
  const rules: PasswordRule[] = []
  let end = 0
  for (const [whole, pair, reason, alone] of list.matchAll(entry)) {
    end += whole.length
    rules.push(makeRule(unescape(pair ?? alone ?? ''), unescape(reason ?? '')))
  }
  if (end !== list.length) throw fail('forbidden', CANNOT_HASH)
  return rules
}

/** @throws `bad_request` for a password that does not match every rule */
export function checkPasswordRules(password: string, rules: readonly PasswordRule[]): void {
  for (const { pattern, reason } of rules) {
    if (!pattern.test(password))
      throw fail('badRequest', reason === '' ? NOT_CONFORMING : `${NOT_CONFORMING} ${reason}`)
  }
}

function makeRule(source: string, reason: string): PasswordRule {
  try {
    return { pattern: new RegExp(source, 'u'), reason }
  } catch {
    throw fail('forbidden', CANNOT_HASH)
  }
}

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}
