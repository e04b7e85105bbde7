import type { DocId } from '../../protocol/document-id.ts'
import { attachmentKey, type Content, sortedAttachments } from '../../protocol/conflicts/content.ts'
import { PolicyError } from '../../protocol/conflicts/policy.ts'
import { groupBy } from '../../protocol/group-by.ts'
import { canonicalJson } from '../../protocol/json/canonical.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json-value.ts'
import type { StoredAttachment } from '../database/documents/body-record.ts'
import type { StoredLeaf } from '../database/conflicts/read-leaves.ts'
import { mapInTurns } from '../concurrency/time-slice.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/**
 * Takes away what would give another result on another node or at another time: clock, randomness, locale. The engine runs
 * functions of this one policy only.
 */
const PRELUDE = `
  var all = globalThis
  ;['Date', 'Intl', 'performance', 'log'].forEach(function (name) { delete all[name] })
  delete Math.random
  ;[String, Number, Array, Object, BigInt].forEach(function (type) {
    Object.getOwnPropertyNames(type.prototype).forEach(function (name) {
      if (/locale/i.test(name)) delete type.prototype[name]
    })
  })`

/**
 * Asks a policy's function for the document that takes the place of all leaves. It is given an array of these, with `_id`
 * and `_attachments` and without `_rev`, in the order of their contents. Undefined where it returns null: the conflict is
 * left.
 *
 * @throws {PolicyError} where it returns no document; CouchError of what it throws
 */
export async function resolveByFunction(
  sandbox: Sandbox,
  owner: string,
  source: string,
  { id, leaves }: { readonly id: DocId; readonly leaves: readonly StoredLeaf[] },
): Promise<Content<StoredAttachment> | undefined> {
  const code = `function (unused, request) {${PRELUDE}\n  return [(${source})(request.leaves), '']\n}`
  const design = {
    owner: `${owner}/conflicts`,
    json: JSON.stringify({ _id: '_design/conflicts', updates: { resolve: code } }),
  }
  const documents = await mapInTurns(leaves, leaf => JSON.stringify(documentOf(id, leaf)))
  const request = `{"leaves":[${documents.join()}]}`
  const { document } = await sandbox.update(design, 'resolve', `[null,${request}]`)
  if (document === null || document === undefined) return undefined
  if (!isJsonObject(document)) throw new PolicyError('the function returned no document')
  const body = Object.fromEntries(Object.entries(document).filter(([name]) => !name.startsWith('_')))
  return {
    body: canonicalJson(Buffer.from(JSON.stringify(body))),
    attachments: sortedAttachments(attachmentsOf(document._attachments, leaves)),
  }
}

function documentOf(id: DocId, { body, attachments }: StoredLeaf): JsonObject {
  const stubs = sortedAttachments(attachments).map(({ name, contentType, digest, length }) => [
    name,
    { content_type: contentType, digest, length, stub: true },
  ])
  const document = { _id: id, ...(JSON.parse(body.toString()) as JsonObject) }
  return stubs.length === 0
    ? document
    : { ...document, _attachments: Object.fromEntries(stubs) as JsonObject }
}

/** Finds the attachments that the function returned among those of the leaves; without any, all are kept by name. */
function attachmentsOf(given: JsonValue | undefined, leaves: readonly StoredLeaf[]): StoredAttachment[] {
  const all = leaves.flatMap(({ attachments }) => attachments)
  const sorted = all.toSorted((a, b) => (attachmentKey(a) < attachmentKey(b) ? 1 : -1))
  if (!isJsonObject(given)) return [...new Map(sorted.toReversed().map(one => [one.name, one])).values()]
  const named = groupBy(sorted, one => one.name)
  return Object.entries(given).map(([name, stub]) => {
    const digest = isJsonObject(stub) ? stub.digest : undefined
    const found = named.get(name)?.find(one => (digest ?? one.digest) === one.digest)
    if (found === undefined)
      throw new PolicyError(`the function returned an attachment ${name} that no leaf has`)
    return found
  })
}
