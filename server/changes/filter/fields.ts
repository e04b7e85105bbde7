import { fail } from '../../../protocol/errors.ts'
import { projection } from '../../../protocol/selector/projection.ts'

/**
 * The `fields` of `filter=_selector`: what `include_docs` shows of a document. An empty list is for all.
 *
 * @throws `fieldsNotArray`
 */
export function parseFields(fields: unknown): ((document: Buffer) => Buffer) | undefined {
  if (fields === undefined || fields === null) return undefined
  if (!Array.isArray(fields) || !fields.every(field => typeof field === 'string'))
    throw fail('fieldsNotArray')
  if (fields.length === 0) return undefined
  const project = projection(fields)
  return document => Buffer.from(project(document))
}
