import type { JsonObject } from '../../../../protocol/json-value.ts'
import { reducerOf } from '../../reduce/reducer.ts'
import { rowText } from '../../../../protocol/view-row.ts'
import { ROW_FIELDS, type PackedRows } from '../../../sandbox/messages.ts'
import type { Sandbox } from '../../../sandbox/sandbox.ts'

/** Functions of a view that is not stored. */
export interface ViewFunctions {
  readonly map: string
  readonly reduce: string | undefined
  /** The design document's; "javascript" or "coffeescript". */
  readonly language: string
}

export interface ViewTrial {
  /** Rows as a view answers them, in its order: JSON texts. */
  readonly rows: readonly string[]
  /** The reduction of all rows, JSON text, or why there is none; `undefined` without a reduce function. */
  readonly reduced: string | undefined
}

/**
 * Runs the functions of a view over a few documents, without an index.
 *
 * @param owner the database's number: its functions share no engine with those of others
 * @throws the CouchError of what the functions threw, or of what they used up
 */
export async function tryView(
  sandbox: Sandbox,
  owner: string,
  functions: ViewFunctions,
  documents: readonly JsonObject[],
): Promise<ViewTrial> {
  const { map, reduce, language } = functions
  const packed = await sandbox.map(
    { owner, language, maps: [map], lib: null },
    JSON.stringify(documents),
    {
      prefix: new Uint8Array(0),
      collations: ['unicode'],
      partitioned: false,
      ids: documents.map(({ _id }) => (typeof _id === 'string' ? _id : '')),
    },
    'request',
  )
  const records = inOrder(packed)
  const rows = records.map(record => Buffer.from(rowText(record)).toString())
  if (reduce === undefined) return { rows, reduced: undefined }
  const reducer = reducerOf(reduce, { sandbox, owner, language, refuses: () => true })
  const [part = null] = records.length === 0 ? [] : await reducer.reduce([records], 'request')
  if (records.length === 0) return { rows, reduced: 'null' }
  const result = reducer.finish(part)
  return { rows, reduced: 'json' in result ? result.json : JSON.stringify(result) }
}

/** The records of the rows in the order of their keys. */
function inOrder({ bytes, index }: PackedRows): Uint8Array[] {
  const rows: { key: Uint8Array; record: Uint8Array }[] = []
  for (let position = 0; position < index.length; position += ROW_FIELDS) {
    const [key, value, end] = [index[position + 2], index[position + 3], index[position + 4]]
    rows.push({ key: bytes.subarray(key, value), record: bytes.subarray(value, end) })
  }
  return rows.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ record }) => record)
}
