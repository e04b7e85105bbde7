import { randomBytes } from 'node:crypto'
import type { Target } from './target.ts'
import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

const INLINE_DOCUMENTS = 800
const INLINE_ATTACHMENTS = 2
const INLINE_BYTES = 3000

const TEXT_BYTES = 50 * 1024 * 1024
const MEGABYTE = 1_000_000

const EMITTING_DOCUMENTS = 5
const ROWS_EACH = 200_000

/** Documents with small attachments inline, written by one request and read back by another with `attachments=true`. */
export const inlineWrite: Work = {
  name: 'inline-attachments-write',
  unit: 'docs/s',
  ceiling: 'level batches',
  wanted: 0.3,
  measure: async target => {
    const name = await target.database()
    const body = inlineBody()
    return rateOf(INLINE_DOCUMENTS, async () => void (await target.bulk(name, [body])))
  },
}

export const inlineRead: Work = {
  name: 'inline-attachments-read',
  unit: 'docs/s',
  ceiling: 'level batches',
  wanted: 0.6,
  measure: async target => {
    const name = await target.database()
    await target.bulk(name, [inlineBody()])
    return target.withClient(1, client =>
      rateOf(INLINE_DOCUMENTS, async () => {
        const path = `/${name}/_all_docs?include_docs=true&attachments=true`
        const { status, body } = await client.send('GET', path)
        if (status !== 200 || body.length < INLINE_DOCUMENTS * INLINE_ATTACHMENTS * INLINE_BYTES)
          throw new Error(`${path}: ${status}, ${body.length} bytes`)
      }),
    )
  },
}

/** One attachment of 50 MiB of text, which is stored compressed. */
export const textAttachment: Work = {
  name: 'text-attachment-up',
  unit: 'MB/s',
  ceiling: 'files 64m up',
  wanted: 0.5,
  measure: async target => {
    const name = await target.database()
    const text = textOf(TEXT_BYTES)
    return target.withClient(1, client =>
      rateOf(TEXT_BYTES / MEGABYTE, async () => {
        const { status } = await client.send('PUT', `/${name}/text/file.txt`, text, 'text/plain')
        if (status !== 201) throw new Error(`text attachment: ${status}`)
      }),
    )
  },
}

/** A map function that emits 200,000 rows a document. */
export const viewManyRows: Work = {
  name: 'view-many-rows',
  unit: 'rows/s',
  ceiling: 'level batches',
  wanted: 1,
  measure: async target => {
    const name = await target.database()
    await target.bulk(name, [emittingBody()])
    const map = `function (doc) { for (var i = 0; i < ${ROWS_EACH}; i++) emit(i, doc.n) }`
    return build(target, name, map)
  },
}

async function build(target: Target, database: string, map: string): Promise<number> {
  const rows = EMITTING_DOCUMENTS * ROWS_EACH
  return target.withClient(1, async client => {
    const design = JSON.stringify({ autoupdate: false, views: { v: { map } } })
    await client.json('PUT', `/${database}/_design/many`, 201, design)
    return rateOf(rows, async () => {
      const path = `/${database}/_design/many/_view/v?limit=1`
      const { total_rows } = await client.json<{ total_rows: number }>('GET', path, 200)
      if (total_rows !== rows) throw new Error(`${total_rows} rows in the view`)
    })
  })
}

/** Half of the attachments are of a type that is stored compressed. */
function inlineBody(): Buffer {
  const docs = Array.from({ length: INLINE_DOCUMENTS }, (_, number) => ({
    _id: `inline-${String(number).padStart(5, '0')}`,
    number,
    _attachments: {
      'picture.png': { content_type: 'image/png', data: randomBytes(INLINE_BYTES).toString('base64') },
      'note.txt': {
        content_type: 'text/plain',
        data: textOf(INLINE_BYTES, number).toString('base64'),
      },
    },
  }))
  return Buffer.from(JSON.stringify({ docs }))
}

function emittingBody(): Buffer {
  const docs = Array.from({ length: EMITTING_DOCUMENTS }, (_, n) => ({ _id: `emitting-${n}`, n }))
  return Buffer.from(JSON.stringify({ docs }))
}

/** Lines like those of a log: much of each is in the lines before. */
function textOf(bytes: number, seed = 0): Buffer {
  const lines: string[] = []
  for (let length = 0, number = seed * 1000; length < bytes; number++) {
    const line = `2024-05-${(number % 28) + 1} ${number} GET /orders/${(number * 7919) % 100_003} 200 ${number % 977} ms\n`
    lines.push(line)
    length += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, bytes)
}
