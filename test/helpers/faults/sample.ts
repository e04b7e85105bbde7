import { createHash } from 'node:crypto'
import { call } from '../http.ts'

type Random = () => number
type Doc = Readonly<Record<string, unknown>>

/**
 * Creates a database with so many documents of all kinds: plain ones, ids that need escapes, several leaves, deleted
 * ones, attachments and a design document.
 */
export async function fill(url: string, database: string, documents: number, random: Random): Promise<void> {
  await call(url, 'PUT', `/${database}`)
  await add(url, database, { prefix: 'doc', documents, random })
}

/** Adds documents whose ids begin so. */
export async function add(
  url: string,
  database: string,
  { prefix, documents, random }: { prefix: string; documents: number; random: Random },
): Promise<void> {
  const docs = Array.from({ length: documents }, (_, at) => revisionsOf(`${prefix}-${at}`, at, random)).flat()
  const { status } = await call(url, 'POST', `/${database}/_bulk_docs`, { json: { new_edits: false, docs } })
  if (status !== 201) throw new Error(`_bulk_docs: ${status}`)
}

function revisionsOf(name: string, at: number, random: Random): Doc[] {
  const text = 'a text of some length '.repeat(Math.floor(random() * 60))
  const body = { value: Math.floor(random() * 1e9), text }
  const root = revision(name, 'root')
  const first = { _revisions: { start: 1, ids: [root] } }
  switch (at % 20) {
    case 3:
      return ['a', 'b', 'c'].map(leaf => ({ _id: name, leaf, ...body, ...child(name, leaf, root) }))
    case 7:
      return [{ _id: name, _deleted: true, ...child(name, 'gone', root) }]
    case 11:
      return [{ _id: name, ...body, ...first, _attachments: attachments(random) }]
    case 13:
      return [{ _id: `ü/${name} & + %2F?`, ...body, ...first }]
    case 17:
      return [{ _id: `_design/${name}`, language: 'javascript', views: {}, ...first }]
    default:
      return [{ _id: name, ...body, ...first }]
  }
}

function child(name: string, leaf: string, root: string): Doc {
  return { _revisions: { start: 2, ids: [revision(name, leaf), root] } }
}

function revision(name: string, leaf: string): string {
  return createHash('md5').update(`${name} ${leaf}`).digest('hex')
}

function attachments(random: Random): Doc {
  const attachment = (type: string, bytes: number): Doc => ({
    content_type: type,
    data: Buffer.from(Uint8Array.from({ length: bytes }, () => random() * 256)).toString('base64'),
  })
  return {
    'large.bin': attachment('application/octet-stream', 40_000),
    'small.txt': attachment('text/plain', 90),
  }
}
