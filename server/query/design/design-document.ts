import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { SandboxDocument } from '../../sandbox/sandbox.ts'

/** A design document as it is stored, with what its functions are run by. */
export interface DesignDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly value: JsonObject
  readonly sandbox: SandboxDocument
}

/** "javascript" where nothing is said. */
export function languageOf(value: JsonObject): string {
  return typeof value.language === 'string' ? value.language : 'javascript'
}

/** Those that the sandbox runs. CouchDB runs the third in QuickJS, whatever engine runs the first. */
const LANGUAGES = new Set(['javascript', 'coffeescript', 'javascript_quickjs'])

/** @throws `unknown_query_language` for functions in a language that the sandbox does not run */
export function requireRunnable(value: JsonObject): void {
  if (!isRunnable(languageOf(value))) throw fail('unknownQueryLanguage', languageOf(value))
}

export function isRunnable(language: string): boolean {
  return LANGUAGES.has(language)
}
