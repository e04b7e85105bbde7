import type { DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { SandboxDocument } from '../sandbox/sandbox.ts'

/** A design document as it is stored, with what its functions are run by. */
export interface DesignDocument {
  readonly id: DocId
  readonly rev: Rev
  readonly value: JsonObject
  readonly sandbox: SandboxDocument
}

export const DESIGN = '_design/'

export function isDesignId(id: string): boolean {
  return id.startsWith(DESIGN)
}

/** "javascript" where nothing is said. */
export function languageOf(value: JsonObject): string {
  return typeof value.language === 'string' ? value.language : 'javascript'
}

/** @throws `unknown_query_language` for functions in a language that nothing here runs */
export function requireJavaScript(value: JsonObject): void {
  if (!isJavaScript(value)) throw fail('unknownQueryLanguage', languageOf(value))
}

export function isJavaScript(value: JsonObject): boolean {
  return languageOf(value) === 'javascript'
}
