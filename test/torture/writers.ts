import { createHash, randomBytes } from 'node:crypto'
import { call } from '../helpers/http.ts'
import type { DatabaseModel, DocumentState, KnownDocument, Model } from './model.ts'
import { below, pick, type Random } from './random.ts'

/** Something that works on the server again and again until it is killed. */
export interface Worker {
  readonly name: string
  /** One turn. Throws when an answer does not come, or is not the expected one. */
  turn(): Promise<void>
}

export interface Work {
  readonly url: string
  readonly model: Model
  readonly random: Random
  /** Makes names of different workers and rounds differ. */
  readonly label: string
}

interface WriteRow {
  readonly id: string
  readonly rev?: string
  readonly error?: string
}

const TYPES = ['order', 'item', 'note']
const ATTACHMENT_SIZES = [100, 5000, 40_000, 300_000]

/** Inserts, edits and deletes documents in bulk. */
export function bulkWriter(work: Work, database: DatabaseModel): Worker {
  const { url, model, random, label } = work
  let made = 0
  const own: string[] = []
  const nextId = () => {
    if (own.length > 30 && random() < 0.5) return pick(random, own)
    const id = `${label}-b${made++}`
    own.push(id)
    return id
  }
  return {
    name: 'bulk',
    async turn() {
      const ids = [...new Set(Array.from({ length: 1 + below(random, 40) }, nextId))]
      const asked = ids.map(id => ask(model, database.document(id), random() < 0.15))
      const docs = ids.map((id, i) => bodyOf(id, database.document(id), asked[i]!))
      const { status, body } = await call<WriteRow[]>(url, 'POST', `/${database.name}/_bulk_docs`, {
        json: { docs },
      })
      expect(status, 201, '_bulk_docs', body)
      for (const [i, row] of body.entries()) {
        if (row.rev === undefined) throw new Error(`${ids[i]}: ${row.error}`)
        acknowledge(model, database.document(ids[i]!), { ...asked[i]!, rev: row.rev })
      }
    },
  }
}

/** Writes one document at a time, some with an attachment. */
export function singleWriter(work: Work, database: DatabaseModel): Worker {
  const { url, model, random, label } = work
  let made = 0
  return {
    name: 'single',
    async turn() {
      const id = `${label}-s${made > 5 && random() < 0.5 ? below(random, made) : made++}`
      const known = database.document(id)
      if (random() < 0.3 && known.acknowledged?.deleted !== true) return attach(id, known)
      const asked = ask(model, known, random() < 0.1)
      const { status, body } = await call<WriteRow>(url, 'PUT', `/${database.name}/${id}`, {
        json: bodyOf(id, known, asked),
      })
      if (status !== 200) expect(status, 201, 'PUT', body)
      acknowledge(model, known, { ...asked, rev: body.rev! })
    },
  }

  /** An attachment on an existing document keeps the body; a new document has none. */
  async function attach(id: string, known: KnownDocument): Promise<void> {
    const bytes = randomBytes(pick(random, ATTACHMENT_SIZES))
    const tag = known.acknowledged?.tag ?? ''
    const attachment = createHash('md5').update(bytes).digest('base64')
    known.unsure = { tag, attachment }
    const rev = known.acknowledged?.rev
    const path = `/${database.name}/${id}/f${rev === undefined ? '' : `?rev=${rev}`}`
    const { status, body } = await call<WriteRow>(url, 'PUT', path, {
      raw: bytes,
      headers: { 'content-type': pick(random, ['text/plain', 'image/png']) },
    })
    expect(status, 201, 'PUT of an attachment', body)
    acknowledge(model, known, { tag, attachment, rev: body.rev! })
  }
}

/** Writes documents and purges them. */
export function purger(work: Work, database: DatabaseModel): Worker {
  const { url, model, label } = work
  let made = 0
  return {
    name: 'purge',
    async turn() {
      const id = `${label}-p${made++}`
      const known = database.document(id)
      const asked = ask(model, known, false)
      const put = await call<WriteRow>(url, 'PUT', `/${database.name}/${id}`, {
        json: bodyOf(id, known, asked),
      })
      expect(put.status, 201, 'PUT', put.body)
      acknowledge(model, known, { ...asked, rev: put.body.rev! })
      const gone: DocumentState = { tag: asked.tag, purged: true }
      known.unsure = gone
      const { status, body } = await call(url, 'POST', `/${database.name}/_purge`, {
        json: { [id]: [put.body.rev] },
      })
      expect(status, 201, '_purge', body)
      acknowledge(model, known, gone)
    },
  }
}

/** Overwrites a local document and `_security` with growing numbers. */
export function valueWriter({ url, model }: Work, database: DatabaseModel): Worker {
  return {
    name: 'values',
    async turn() {
      const local = database.value('local')
      const text = await call<{ _rev?: string }>(url, 'GET', `/${database.name}/_local/state`)
      const rev = text.status === 200 ? { _rev: text.body._rev } : {}
      local.asked++
      const put = await call(url, 'PUT', `/${database.name}/_local/state`, {
        json: { ...rev, value: local.asked },
      })
      expect(put.status, 201, 'PUT of a local document', put.body)
      local.acknowledged = local.asked
      const security = database.value('security')
      security.asked++
      const { status, body } = await call(url, 'PUT', `/${database.name}/_security`, {
        json: { members: { names: [`v${security.asked}`], roles: ['_admin'] } },
      })
      expect(status, 200, 'PUT of _security', body)
      security.acknowledged = security.asked
      model.acknowledged += 2
    },
  }
}

/** Creates databases and drops them; each new one has a document that says which incarnation it is. */
export function dropper({ url, model, random }: Work): Worker {
  return {
    name: 'databases',
    async turn() {
      const name = `short-${below(random, 3)}`
      let entry = model.shortLived.get(name)
      if (entry === undefined) model.shortLived.set(name, (entry = {}))
      if (entry.acknowledged !== undefined) {
        entry.unsure = { to: undefined }
        const { status, body } = await call(url, 'DELETE', `/${name}`)
        expect(status, 200, 'DELETE of a database', body)
        entry.acknowledged = undefined
        entry.unsure = undefined
        model.acknowledged++
        return
      }
      const tag = model.nextTag()
      entry.unsure = { to: tag }
      const created = await call(url, 'PUT', `/${name}`)
      expect(created.status, 201, 'PUT of a database', created.body)
      const born = await call(url, 'PUT', `/${name}/${tag}`, { json: { text: 'x'.repeat(2000) } })
      expect(born.status, 201, 'PUT', born.body)
      entry.acknowledged = tag
      entry.unsure = undefined
      model.acknowledged += 2
    },
  }
}

function ask(model: Model, known: KnownDocument, remove: boolean): DocumentState {
  const deleted = remove && known.acknowledged !== undefined && known.acknowledged.deleted !== true
  const asked: DocumentState = { tag: model.nextTag(), deleted }
  known.unsure = asked
  return asked
}

function acknowledge(model: Model, known: KnownDocument, state: DocumentState): void {
  known.acknowledged = state
  known.unsure = undefined
  model.acknowledged++
}

function bodyOf(
  id: string,
  { acknowledged }: KnownDocument,
  { tag, deleted = false }: DocumentState,
): object {
  // A deleted document is created again without a revision.
  const rev = acknowledged?.deleted === true ? undefined : acknowledged?.rev
  const value = Number(tag.slice(1)) % 97
  const type = TYPES[value % TYPES.length]
  return {
    _id: id,
    ...(rev === undefined ? {} : { _rev: rev }),
    tag,
    type,
    value,
    ...(deleted ? { _deleted: true } : {}),
  }
}

/** @throws {Error} with the server's answer, where the status is another one */
export function expect(status: number, wanted: number, what: string, body: unknown): void {
  if (status !== wanted) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`)
}
