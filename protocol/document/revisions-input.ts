import { fail } from '../errors.ts'
import { jsonMembers } from '../json/members.ts'
import { parseHash } from '../revision.ts'
import type { RevisionsInput } from './document-input.ts'

/**
 * Reads `_revisions`.
 *
 * @param json canonical JSON
 * @returns undefined when it is no object
 * @throws `doc_validation` with CouchDB's reasons
 */
export function parseRevisions(json: Buffer): RevisionsInput | undefined {
  const members = jsonMembers(json)
  if (members === undefined) return undefined
  const given = new Map(members)
  const start = given.get('start')?.toString('latin1') ?? ''
  if (!/^-?\d+$/.test(start)) throw fail('docValidation', "_revisions.start isn't an integer.")
  const ids: unknown = JSON.parse(given.get('ids')?.toString('utf8') ?? 'null')
  if (!Array.isArray(ids)) throw fail('docValidation', "_revisions.ids isn't a array.")
  return { start: Number(start), ids: ids.map(revisionHash) }
}

function revisionHash(id: unknown): string {
  if (typeof id !== 'string') throw fail('docValidation', "RevId isn't a string")
  const hash = parseHash(id)
  if (hash === undefined) throw fail('docValidation', "RevId isn't a valid hexadecimal")
  return hash
}
