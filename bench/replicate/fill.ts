import type { Client } from '../../harness/client.ts'
import { benchDocument, numbers } from '../documents.ts'

const PER_REQUEST = 1000
const LEAVES = 5
const ATTACHMENT_BYTES = 100 * 1024

/** Inserts documents of about 450 bytes, two requests at a time. */
export async function fillPlain(client: Client, database: string, count: number): Promise<void> {
  const bodies: string[] = []
  for (let from = 0; from < count; from += PER_REQUEST) {
    const docs = Array.from(numbers(from, Math.min(count, from + PER_REQUEST)), benchDocument)
    bodies.push(JSON.stringify({ docs }))
  }
  const rest = bodies.values()
  const insert = async (): Promise<void> => {
    for (const body of rest) await client.json('POST', `/${database}/_bulk_docs`, 201, body)
  }
  await Promise.all([insert(), insert()])
}

/** Documents with five leaves each. */
export async function fillConflicts(client: Client, database: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += PER_REQUEST / LEAVES) {
    const docs = Array.from(numbers(from, Math.min(count, from + PER_REQUEST / LEAVES)), number =>
      Array.from(numbers(0, LEAVES), leaf => ({
        ...benchDocument(number),
        _rev: `1-${String(leaf).padStart(32, 'a')}`,
      })),
    )
    await client.json(
      'POST',
      `/${database}/_bulk_docs`,
      201,
      JSON.stringify({ new_edits: false, docs: docs.flat() }),
    )
  }
}

/** Documents with an attachment of 100 KB that does not compress. */
export async function fillAttachments(client: Client, database: string, count: number): Promise<void> {
  for (const number of numbers(0, count)) {
    const data = Buffer.alloc(ATTACHMENT_BYTES, `attachment ${number} `).toString('base64')
    const attachment = { content_type: 'application/octet-stream', data }
    const body = JSON.stringify({ ...benchDocument(number), _attachments: { a: attachment } })
    await client.json('PUT', `/${database}/attached-${number}`, 201, body)
  }
}
