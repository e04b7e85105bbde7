import {
  addDigests,
  type Digest,
  documentDigest,
  formatDigest,
  NO_DOCUMENTS,
} from '../../protocol/document-digest.ts'
import { call } from './http.ts'

const PER_REQUEST = 5000

interface Row {
  readonly id: string
  readonly leaves: readonly { readonly rev: string; readonly deleted?: boolean }[]
}

/** Number of documents and digest of a database, as the server tells them. */
export async function toldDigest(url: string, name: string): Promise<string> {
  const { body } = await call<{ ranges: { documents: number; digest: string }[] }>(
    url,
    'POST',
    `/${encodeURIComponent(name)}/_digests`,
    { json: { ranges: [{}] } },
  )
  const [all] = body.ranges
  return `${all?.documents} ${all?.digest}`
}

/** The same, computed from the leaves of all documents. */
export async function recountedDigest(url: string, name: string): Promise<string> {
  let [documents, digest, start]: [number, Digest, string] = [0, NO_DOCUMENTS, '']
  for (;;) {
    const json = { list: { start_key: start }, limit: PER_REQUEST }
    const path = `/${encodeURIComponent(name)}/_digests`
    const { rows } = (await call<{ rows: Row[] }>(url, 'POST', path, { json })).body
    for (const { id, leaves } of rows) {
      const all = leaves.map(({ rev, deleted = false }) => ({ rev, deleted }))
      digest = addDigests(digest, documentDigest(id, all))!
    }
    documents += rows.length
    if (rows.length < PER_REQUEST) return `${documents} ${formatDigest(digest)}`
    start = `${rows.at(-1)!.id}\0`
  }
}
