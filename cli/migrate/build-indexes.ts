import { CommandError } from '../frame/command-error.ts'
import { UNREACHABLE } from '../frame/exit-codes.ts'
import type { Migration } from './migration.ts'

/** An index of the target after a migration. */
export interface IndexReport {
  /** "_design/orders" */
  readonly design: string
  readonly views: number
  /** Reason why it is not there; null where it is built. */
  readonly error: string | null
}

interface DesignDocument {
  readonly _id: string
  readonly views?: Readonly<Record<string, unknown>>
  readonly indexes?: unknown
  readonly nouveau?: unknown
}

/** Builds the indexes of all design documents, by asking each for no rows; an index that fails is part of the report. */
export async function buildIndexes({ target, show }: Migration, name: string): Promise<IndexReport[]> {
  const path = encodeURIComponent(name)
  const { rows } = await target.get<{ rows: { doc: DesignDocument }[] }>(`${path}/_design_docs`, {
    include_docs: true,
  })
  const reports: IndexReport[] = []
  for (const { doc } of rows) {
    const views = Object.keys(doc.views ?? {}).filter(view => view !== 'lib')
    const [first] = views
    const report = { design: doc._id, views: views.length }
    if ('indexes' in doc || 'nouveau' in doc)
      reports.push({ ...report, error: 'its full-text indexes are not supported' })
    else if (first !== undefined) {
      show(name, `index ${doc._id}`)
      const design = `_design/${encodeURIComponent(doc._id.slice('_design/'.length))}`
      const error = await failureOf(() =>
        target.get(`${path}/${design}/_view/${encodeURIComponent(first)}`, { limit: 0, reduce: false }),
      )
      reports.push({ ...report, error })
    }
  }
  return reports
}

async function failureOf(ask: () => Promise<unknown>): Promise<string | null> {
  try {
    await ask()
    return null
  } catch (error) {
    if (error instanceof CommandError && error.exitCode !== UNREACHABLE) return error.message
    throw error
  }
}
