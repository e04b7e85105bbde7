import { createHash } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { call } from '../http.ts'
import { leavesOf } from '../replication.ts'

interface BulkGet {
  readonly results: readonly { readonly docs: readonly { readonly ok?: unknown }[] }[]
}

const AT_A_TIME = 200

/** All leaves of all documents, "id rev", each with a digest of its body, its history and its attachments. */
export async function contentsOf(url: string, database: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {}
  const leaves = Object.entries(await leavesOf(url, database)).flatMap(([id, revs]) => {
    return revs.map(rev => ({ id, rev }))
  })
  for (let at = 0; at < leaves.length; at += AT_A_TIME) {
    const docs = leaves.slice(at, at + AT_A_TIME)
    const path = `/${database}/_bulk_get?revs=true&attachments=true`
    const { body } = await call<BulkGet>(url, 'POST', path, { json: { docs } })
    for (const [row, { id, rev }] of docs.entries())
      contents[`${id} ${rev}`] = digest(body.results[row]?.docs[0])
  }
  return contents
}

/** Both nodes have the same leaves in the database, with the same contents, and count the same documents. */
export async function agree(
  t: ExecutionContext,
  one: string,
  other: string,
  database: string,
): Promise<void> {
  t.deepEqual(await contentsOf(one, database), await contentsOf(other, database))
  t.deepEqual(await countsOf(one, database), await countsOf(other, database))
}

async function countsOf(url: string, database: string): Promise<unknown> {
  const { body } = await call(url, 'GET', `/${database}`)
  const { doc_count, doc_del_count } = body
  return { doc_count, doc_del_count }
}

function digest(found: { readonly ok?: unknown } | undefined): string {
  if (found?.ok === undefined) return JSON.stringify(found)
  const text = JSON.stringify(found.ok, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
  return createHash('md5').update(text).digest('hex')
}
