import { elementsOf, memberOf, membersOf } from '../lib/json-text.ts'
import { apiPath } from '../lib/location.ts'
import { type Leaf, pathOf } from '../lib/revision-tree.ts'
import { getJson, getText, request, sendJson } from './http.ts'

/** A row of a list, with its parts as the server wrote them: numbers must not pass through JavaScript. */
export interface DocumentRow {
  /** Absent in reduced rows. */
  readonly id: string | undefined
  readonly key: string
  readonly value: string
  /** The document, where it was asked for. */
  readonly text: string | undefined
}

export interface RowPage {
  readonly rows: readonly DocumentRow[]
  readonly total: number | undefined
  readonly offset: number | undefined
}

type Params = Readonly<Record<string, string | number | boolean | undefined>>

/** Rows of `_all_docs`, a view or another list below a database. */
export async function listRows(path: string, params: Params, signal?: AbortSignal): Promise<RowPage> {
  return parseRows(await getText(path, { params, ...(signal === undefined ? {} : { signal }) }))
}

export function parseRows(text: string): RowPage {
  const answer = new Map(membersOf(text).map(member => [member.name, member.text]))
  const rows = elementsOf(answer.get('rows') ?? '[]').map(source => {
    const row = new Map(membersOf(source).map(member => [member.name, member.text]))
    const id = row.get('id')
    const document = row.get('doc')
    return {
      id: id === undefined ? undefined : (JSON.parse(id) as string),
      key: row.get('key') ?? 'null',
      value: row.get('value') ?? 'null',
      text: document === 'null' ? undefined : document,
    }
  })
  return { rows, total: numberIn(answer.get('total_rows')), offset: numberIn(answer.get('offset')) }
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined || text === 'null' ? undefined : Number(text)
}

/** The text of a document's winner, or of a revision. */
export function documentText(
  database: string,
  id: string,
  params: Params = {},
  signal?: AbortSignal,
): Promise<string> {
  return getText(apiPath(database, id), { params, ...(signal === undefined ? {} : { signal }) })
}

export interface Written {
  readonly id: string
  readonly rev: string
}

/** Writes a document's text; its `_rev` says which revision it replaces. */
export function putDocument(database: string, id: string, text: string): Promise<Written> {
  return sendJson<Written>('PUT', apiPath(database, id), { json: text })
}

export function deleteDocument(database: string, id: string, rev: string): Promise<Written> {
  return sendJson<Written>('DELETE', apiPath(database, id), { params: { rev } })
}

export interface AttachmentInfo {
  readonly name: string
  readonly contentType: string
  readonly length: number
  readonly digest: string
  readonly revpos: number
}

export function attachmentsOf(text: string): AttachmentInfo[] {
  const source = memberOf(text, '_attachments')
  if (source === undefined) return []
  return membersOf(source).map(({ name, text: stub }) => {
    const parsed = JSON.parse(stub) as {
      content_type: string
      length?: number
      digest?: string
      revpos?: number
    }
    return {
      name,
      contentType: parsed.content_type,
      length: parsed.length ?? 0,
      digest: parsed.digest ?? '',
      revpos: parsed.revpos ?? 0,
    }
  })
}

export interface LeafText extends Leaf {
  /** The leaf's document as the server sent it, without `_revisions`. */
  readonly text: string
}

/** Every leaf of a document, deleted ones too. */
export async function leavesOf(database: string, id: string, signal?: AbortSignal): Promise<LeafText[]> {
  const text = await getText(apiPath(database, id), {
    params: { open_revs: 'all', revs: true },
    ...(signal === undefined ? {} : { signal }),
  })
  return elementsOf(text)
    .map(element => memberOf(element, 'ok'))
    .filter(source => source !== undefined)
    .map(source => {
      const { _rev, _deleted, _revisions } = JSON.parse(source) as {
        _rev: string
        _deleted?: boolean
        _revisions: { start: number; ids: string[] }
      }
      return { rev: _rev, deleted: _deleted === true, path: pathOf(_revisions), text: source }
    })
}

export interface BulkResult {
  readonly id: string
  readonly rev?: string
  readonly error?: string
  readonly reason?: string
}

/** Writes texts of documents in one commit; each succeeds or fails by itself. */
export function bulkWrite(database: string, texts: readonly string[]): Promise<BulkResult[]> {
  return sendJson<BulkResult[]>('POST', `${apiPath(database)}/_bulk_docs`, {
    json: `{"docs":[${texts.join(',')}]}`,
  })
}

export function revsLimit(database: string): Promise<number> {
  return getJson<number>(`${apiPath(database)}/_revs_limit`)
}

export async function deleteAttachment(
  database: string,
  id: string,
  name: string,
  rev: string,
): Promise<void> {
  await request('DELETE', `${apiPath(database, id)}/${apiPath(name)}`, { params: { rev } })
}

/** Uploads with progress, which `fetch` does not tell. @throws {Error} with the server's reason */
export function uploadAttachment(
  url: string,
  file: Blob,
  contentType: string,
  onProgress: (share: number) => void,
): Promise<Written> {
  return new Promise((resolve, reject) => {
    const upload = new XMLHttpRequest()
    upload.open('PUT', url)
    upload.setRequestHeader('content-type', contentType)
    upload.setRequestHeader('accept', 'application/json')
    upload.setRequestHeader('x-couchdb-www-authenticate', 'Cookie')
    upload.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total)
    upload.onerror = () => reject(new Error('The connection broke during the upload. Nothing was stored.'))
    upload.onload = () => {
      const answer = parseAnswer(upload.responseText)
      if (upload.status < 300) resolve(answer as unknown as Written)
      else reject(new Error(answer.reason ?? `The server answered ${upload.status}.`))
    }
    upload.send(file)
  })
}

function parseAnswer(text: string): { reason?: string } {
  try {
    return JSON.parse(text) as { reason?: string }
  } catch {
    return {}
  }
}
