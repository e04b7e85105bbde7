/** Formats of a dump: a document in each line, a list, the answer of `_all_docs`, the lines of couchbackup. */
export const DUMP_FORMATS = ['ndjson', 'json', 'all_docs', 'couchbackup'] as const
export type DumpFormat = (typeof DUMP_FORMATS)[number]

/** The text around and between documents. */
export interface DumpLayout {
  /** @param attachments whether their data is in it */
  head(attachments: boolean): string
  /** @param written documents before these */
  batch(documents: readonly Buffer[], written: number): Buffer
  tail: string
}

const NEWLINE = Buffer.from('\n')
const COMMA = Buffer.from(',')
const LIST_GAP = Buffer.from(',\n')
/** The version whose files have attachments in them. */
const BACKUP_VERSION = '2.11.0'

export const LAYOUTS: Readonly<Record<DumpFormat, DumpLayout>> = {
  ndjson: {
    head: () => '',
    batch: documents => Buffer.concat(documents.flatMap(json => [json, NEWLINE])),
    tail: '',
  },
  json: {
    head: () => '[\n',
    batch: (documents, written) => joined(documents, written),
    tail: '\n]\n',
  },
  all_docs: {
    head: () => '{"rows":[\n',
    batch: (documents, written) => joined(documents.map(row), written),
    tail: '\n]}\n',
  },
  couchbackup: {
    head: attachments =>
      `${JSON.stringify({
        name: '@cloudant/couchbackup',
        version: BACKUP_VERSION,
        mode: 'full',
        ...(attachments ? { attachments: true } : {}),
      })}\n`,
    batch: documents =>
      documents.length === 0
        ? Buffer.alloc(0)
        : Buffer.concat([
            Buffer.from('['),
            ...documents.flatMap((json, at) => (at === 0 ? [json] : [COMMA, json])),
            Buffer.from(']\n'),
          ]),
    tail: '',
  },
}

function joined(documents: readonly Buffer[], written: number): Buffer {
  return Buffer.concat(documents.flatMap((json, at) => (at + written === 0 ? [json] : [LIST_GAP, json])))
}

function row(json: Buffer): Buffer {
  const { _id: id, _rev: rev } = JSON.parse(json.toString()) as {
    readonly _id: string
    readonly _rev: string
  }
  const key = JSON.stringify(id)
  const head = `{"id":${key},"key":${key},"value":{"rev":${JSON.stringify(rev)}},"doc":`
  return Buffer.concat([Buffer.from(head), json, Buffer.from('}')])
}
