import { createInterface } from 'node:readline'
import { CommandError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'

interface Difference {
  readonly id: string
  readonly missing_in: 'source' | 'target'
  readonly revs: readonly string[]
}

interface Summary {
  readonly equal: boolean
  readonly source_documents: number
  readonly target_documents: number
  readonly missing_in_source: number
  readonly missing_in_target: number
}

type Line = Difference | { readonly summary: Summary }

/** Documents that one replication repairs. */
const REPAIRED_AT_ONCE = 500

/** Adds `compare`: whether two databases have the same leaves. */
export function addCompare(frame: Frame): void {
  frame
    .command('compare <source> <target>', 'Compares two databases leaf for leaf.', [
      ['couchette compare orders orders-copy', ''],
      ['couchette compare orders https://name:password@example.com/orders', ''],
      ['couchette compare orders orders-copy --repair', 'copies what a side lacks, both ways'],
    ])
    .option('--repair', 'replicates the documents of which a side lacks revisions')
    .action(frame.run<{ readonly repair?: boolean }, [string, string]>(compare))
}

async function compare(
  context: Context,
  { repair = false }: { readonly repair?: boolean },
  source: string,
  target: string,
): Promise<number> {
  const server = await context.server()
  const missing = { source: new Set<string>(), target: new Set<string>() }
  let summary: Summary | undefined
  const answer = await server.open('POST', '_compare', JSON.stringify({ source, target }))
  for await (const text of createInterface({ input: answer.body, crlfDelay: Infinity })) {
    const line = JSON.parse(text) as Line
    if ('summary' in line) summary = line.summary
    else if (repair) missing[line.missing_in].add(line.id)
    if (!('summary' in line)) await context.line(context.json ? text : shown(line))
    else if (context.json) await context.line(text)
  }
  if (summary === undefined) throw new CommandError('The comparison was cut off.', FAILED)
  if (!context.json) await context.line(sentence(summary))
  if (!repair) return summary.equal ? OK : INCOMPLETE
  await repairSide(server, { source, target }, missing.target)
  await repairSide(server, { source: target, target: source }, missing.source)
  if (!context.json && !summary.equal)
    await context.line('What was missing was replicated: compare again to be sure.')
  return OK
}

async function repairSide(
  server: Server,
  sides: { readonly source: string; readonly target: string },
  ids: ReadonlySet<string>,
): Promise<void> {
  const all = [...ids]
  for (let start = 0; start < all.length; start += REPAIRED_AT_ONCE) {
    const body = { ...sides, doc_ids: all.slice(start, start + REPAIRED_AT_ONCE), use_checkpoints: false }
    await server.send('POST', '_replicate', body)
  }
}

function shown({ id, missing_in: side, revs }: Difference): string {
  return `${printable(id)}: the ${side} lacks ${printable(revs.join(', '))}`
}

function sentence(summary: Summary): string {
  const { equal, source_documents: here, target_documents: there } = summary
  if (equal) return `Equal: ${here} documents with the same leaves.`
  return (
    `Different: ${summary.missing_in_target} documents lack revisions in the target, ` +
    `${summary.missing_in_source} in the source (${here} and ${there} documents were compared).`
  )
}
