import { fail } from '../../protocol/errors.ts'
import { valueComplaint } from './findings.ts'

/**
 * Refuses what would not come back from an ini file as it went in, or would write more than one value: CouchDB's check
 * (`config:validate_config_update/3`), and stricter where its file would lose the value.
 *
 * @throws `bad_request` "Invalid configuration section", "… key" or "… value"; for a value that the setting does not take
 */
export function checkEntry(section: string, key: string, value: string): void {
  if (section === '' || !isPrintable(section) || /[[\]]/.test(section)) throw invalid('section')
  if (!isPrintable(key) || !/^[^;[=\s]/.test(key) || key.includes(' = ') || isCut(key)) throw invalid('key')
  if (!isPrintable(value) || isCut(value) || value.startsWith(';')) throw invalid('value')
  const wrong = value === '' ? undefined : valueComplaint(section, key, value)
  if (wrong !== undefined) throw fail('badRequest', `[${section}] ${key}: ${wrong}.`)
}

function invalid(part: string): Error {
  return fail('badRequest', `Invalid configuration ${part}`)
}

function isPrintable(text: string): boolean {
  return !/\p{Cc}|\u2028|\u2029/u.test(text)
}

/** White space at the ends is trimmed, and " ;" begins a comment. */
function isCut(text: string): boolean {
  return text !== text.trim() || text.includes(' ;')
}
