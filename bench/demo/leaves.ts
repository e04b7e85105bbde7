import { createHash } from 'node:crypto'
import type { ChangesRow } from './feed.ts'
import { lines, rows } from './lines.ts'

const READ_WITHIN_MS = 120_000

/** Of every document, deleted ones too: its winner, whether that is deleted, and all its leaves in order. */
export async function leavesOf(url: string, database: string): Promise<Map<string, string>> {
  const leaves = new Map<string, string>()
  const signal = AbortSignal.timeout(READ_WITHIN_MS)
  const path = `/${database}/_changes?since=0&style=all_docs`
  for await (const { id, changes, deleted } of rows<ChangesRow>(url, path, signal)) {
    const [winner = '', ...others] = changes.map(({ rev }) => rev)
    leaves.set(id, [deleted ? `${winner} deleted` : winner, ...others.sort()].join(' '))
  }
  signal.throwIfAborted()
  return leaves
}

export function leafCount(leaves: string | undefined): number {
  return leaves === undefined ? 0 : leaves.replace(' deleted', '').split(' ').length
}

/** A digest of the text of all documents with their conflicts, in the order of their ids. */
export async function digestOf(url: string, database: string): Promise<string> {
  const digest = createHash('md5')
  const signal = AbortSignal.timeout(READ_WITHIN_MS)
  const path = `/${database}/_all_docs?include_docs=true&conflicts=true`
  for await (const line of lines(url, path, signal)) digest.update(line)
  signal.throwIfAborted()
  return digest.digest('hex')
}
