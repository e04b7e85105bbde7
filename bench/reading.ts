import type { Target } from './target.ts'
import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

/** Reads one long answer of the filled database, which must have at least so many rows, and gives rows a second. */
export async function readRows(
  target: Target,
  { path, body, rows = target.documents }: { path: string; body?: string; rows?: number },
): Promise<number> {
  const name = await target.filled()
  const method = body === undefined ? 'GET' : 'POST'
  return target.withClient(1, client =>
    rateOf(target.documents, async () => {
      const { status, lines } = await client.drain(method, `/${name}/${path}`, body)
      if (status !== 200 || lines < rows)
        throw new Error(`${path}: ${status}, ${lines} lines, want ${rows} rows`)
    }),
  )
}

/** Returns the work of reading one long answer, whose ceiling is LevelDB's own iterator. */
export function rowsWork(
  name: string,
  {
    wanted,
    path,
    body,
    shareOfRows = 1,
  }: { wanted: number; path: string; body?: string; shareOfRows?: number },
): Work {
  return {
    name,
    unit: 'rows/s',
    ceiling: 'level iterator',
    wanted,
    measure: target =>
      readRows(target, {
        path,
        ...(body === undefined ? {} : { body }),
        rows: Math.floor(target.documents * shareOfRows),
      }),
  }
}
