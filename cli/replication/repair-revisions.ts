import { createInterface } from 'node:readline'
import type { RepairLine } from '../../replicator/comparison/repair-documents.ts'
import type { Context } from '../frame/context.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'
import type { RepairableRevision } from './differences.ts'

/** Revisions of one request. */
const REPAIRED_AT_ONCE = 500

/** Databases, and options of `_repair`. */
interface Request {
  readonly source: string
  readonly target: string
  readonly take: string | undefined
  readonly one_way: boolean | undefined
}

/**
 * Has a server repair revisions that both sides have, and tells of those that were not.
 *
 * @returns the number of those that were
 */
export async function repairRevisions(
  context: Context,
  server: Server,
  request: Request,
  revisions: readonly RepairableRevision[],
): Promise<number> {
  let repaired = 0
  for (let start = 0; start < revisions.length; start += REPAIRED_AT_ONCE) {
    const documents = revisions.slice(start, start + REPAIRED_AT_ONCE)
    const { body } = await server.open('POST', '_repair', JSON.stringify({ ...request, documents }))
    for await (const text of createInterface({ input: body, crlfDelay: Infinity })) {
      const line = JSON.parse(text) as RepairLine
      if (line.outcome === 'repaired') repaired++
      if (context.json) await context.line(text)
      else if (line.reason !== undefined)
        await context.line(
          `${printable(line.id)}: ${printable(line.rev)} was not repaired: ${printable(line.reason)}`,
        )
    }
  }
  return repaired
}
