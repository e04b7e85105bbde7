import { eventually } from './eventually.ts'
import { call } from './http.ts'

/** Every document's leaves, deleted ones too: "id" → revisions in order. */
export async function leavesOf(base: string, database: string): Promise<Record<string, string[]>> {
  const path = `/${encodeURIComponent(database)}/_changes?style=all_docs`
  const { body } = await call<Changes>(base, 'GET', path)
  return Object.fromEntries(body.results.map(({ id, changes }) => [id, changes.map(({ rev }) => rev).sort()]))
}

interface Changes {
  readonly results: readonly { readonly id: string; readonly changes: readonly { readonly rev: string }[] }[]
}

/** Peers that stall are waited for, and tried again after pauses that grow. */
const PATIENCE = { withinMs: 90_000, everyMs: 200 }

/** Waits until both databases have the same leaves of every document. */
export async function converged(
  source: string,
  target: string,
  database: string,
  onTarget = database,
): Promise<void> {
  await eventually(
    `${database} is the same on both sides`,
    async () => {
      const [ours, theirs] = await Promise.all([leavesOf(source, database), leavesOf(target, onTarget)])
      return JSON.stringify(sorted(ours)) === JSON.stringify(sorted(theirs))
    },
    PATIENCE,
  )
}

function sorted(leaves: Record<string, string[]>): unknown {
  return Object.entries(leaves).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Fills a new database with documents, some with conflicts, histories, tombstones and attachments. */
export async function fill(base: string, database: string, count: number): Promise<void> {
  await call(base, 'PUT', `/${database}`)
  const docs = Array.from({ length: count }, (_, n) => ({ _id: `doc-${n}`, n, text: 'x'.repeat(n % 300) }))
  await call(base, 'POST', `/${database}/_bulk_docs`, { json: { docs } })
  const odd = Array.from({ length: Math.ceil(count / 10) }, (_, n) => conflict(`doc-${n * 10}`))
  await call(base, 'POST', `/${database}/_bulk_docs`, { json: { new_edits: false, docs: odd.flat() } })
  const data = Buffer.alloc(50_000, 'attachment ').toString('base64')
  for (let n = 0; n < 3; n++) {
    const attached = { _attachments: { 'a.bin': { content_type: 'application/octet-stream', data } } }
    await call(base, 'PUT', `/${database}/attached-${n}`, { json: attached })
  }
  await call(base, 'PUT', `/${database}/_design/d`, { json: { views: {} } })
}

function conflict(id: string): object[] {
  return ['b'.repeat(32), 'c'.repeat(32)].map((hash, at) => ({
    _id: id,
    _revisions: { start: 2, ids: [hash, 'a'.repeat(32)] },
    ...(at === 0 ? { _deleted: true } : { conflict: true }),
  }))
}

interface Replicated {
  readonly ok?: boolean
  readonly no_changes?: boolean
  readonly error?: string
  readonly reason?: string
  readonly history?: readonly Record<string, number>[]
}

export async function replicate(base: string, job: object): Promise<Replicated> {
  return (await call<Replicated>(base, 'POST', '/_replicate', { json: job })).body
}
