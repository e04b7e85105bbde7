import { DIGEST_VERSION } from '../../protocol/document-digest.ts'
import type { DigestedRange, DigestRequest, IdRange, ListedDocument, ListedLeaf } from '../peer.ts'
import { isObject, type Shape } from './shapes.ts'

const DIGEST = /^[0-9a-f]{32}$/

/** Returns the body of a request for digests. */
export function digestQuery(request: DigestRequest): object {
  if ('ranges' in request) return { ranges: request.ranges.map(keysOf) }
  return { split: keysOf(request.split), parts: request.parts }
}

/** Returns a range as requests name it. */
export function keysOf({ start, end }: IdRange): { start_key?: string; end_key?: string } {
  return {
    ...(start === undefined ? {} : { start_key: start }),
    ...(end === undefined ? {} : { end_key: end }),
  }
}

/** Digests of another definition, and answers of another shape, count as missing: then databases are listed. */
export const digestAnswer: Shape<{ readonly ranges: DigestedRange[] | undefined }> = value => {
  if (!isObject(value) || value.version !== DIGEST_VERSION || !Array.isArray(value.ranges))
    return { ranges: undefined }
  const ranges = value.ranges.map(rangeOf)
  return ranges.includes(undefined) ? { ranges: undefined } : { ranges: ranges as DigestedRange[] }
}

export const leavesAnswer: Shape<ListedDocument[]> = value => {
  if (!isObject(value) || !Array.isArray(value.rows)) return undefined
  const rows = value.rows.map(documentOf)
  return rows.includes(undefined) ? undefined : (rows as ListedDocument[])
}

function rangeOf(value: unknown): DigestedRange | undefined {
  if (!isObject(value)) return undefined
  const { documents, digest, start_key: start, end_key: end } = value
  if (typeof documents !== 'number' || typeof digest !== 'string' || !DIGEST.test(digest)) return undefined
  if (!isOptionalText(start) || !isOptionalText(end)) return undefined
  return { start, end, documents, digest }
}

function documentOf(value: unknown): ListedDocument | undefined {
  if (!isObject(value) || typeof value.id !== 'string' || !Array.isArray(value.leaves)) return undefined
  const leaves = value.leaves.map(leafOf)
  return leaves.includes(undefined) ? undefined : { id: value.id, leaves: leaves as ListedLeaf[] }
}

function leafOf(value: unknown): ListedLeaf | undefined {
  if (!isObject(value) || typeof value.rev !== 'string') return undefined
  return { rev: value.rev, deleted: value.deleted === true }
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
