import type { ComparisonProgress, ComparisonSummary } from '../../replicator/comparison/lines.ts'
import { CommandError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { comparisonLines } from '../replication/comparison-lines.ts'
import { copyDocuments } from '../replication/copy-documents.ts'
import { shownDifference } from '../replication/differences.ts'

type Summary = ComparisonSummary['summary']
type Progress = ComparisonProgress['progress']

/** Adds `compare`: whether two databases have the same leaves. */
export function addCompare(frame: Frame): void {
  frame
    .command('compare <source> <target>', 'Compares two databases leaf for leaf.', [
      ['couchette compare orders orders-copy', ''],
      ['couchette compare orders https://name:password@example.com/orders', ''],
      ['couchette compare orders orders-copy --repair', 'copies what a side lacks, both ways'],
    ])
    .option('--repair', 'replicates the documents of which a side lacks revisions')
    .option('--bodies', 'also reads bodies and attachments, which may be damaged')
    .option('--from <id>', 'compares documents from this id on, as a comparison that was cut off says')
    .option('--no-digests', 'lists all documents, also between two Couchettes')
    .action(frame.run<CompareFlags, [string, string]>(compare))
}

interface CompareFlags {
  readonly repair?: boolean
  readonly bodies?: boolean
  readonly from?: string
  readonly digests?: boolean
}

async function compare(
  context: Context,
  { repair = false, ...flags }: CompareFlags,
  source: string,
  target: string,
): Promise<number> {
  const server = await context.server()
  const missing = { source: new Set<string>(), target: new Set<string>() }
  let summary: Summary | undefined
  let from: string | undefined
  for await (const { text, line } of comparisonLines(server, { source, target, ...flags })) {
    if ('progress' in line) {
      from = line.progress.from
      context.progress.show(shownProgress(line.progress))
    } else if ('summary' in line) summary = line.summary
    else {
      if (repair && line.missing_in !== undefined) missing[line.missing_in].add(line.id)
      if (!context.json) await context.line(shownDifference(line))
    }
    if (context.json) await context.line(text)
  }
  context.progress.end()
  if (summary === undefined) throw cutOff(from)
  if (!context.json) await context.line(sentence(summary))
  if (!repair) return summary.equal ? OK : INCOMPLETE
  await copyDocuments(server, { source, target }, missing.target)
  await copyDocuments(server, { source: target, target: source }, missing.source)
  const cannot = summary.other_leaves + summary.damaged
  if (!context.json && missing.source.size + missing.target.size > 0)
    await context.line('What was missing was replicated: compare again to be sure.')
  if (!context.json && cannot > 0)
    await context.line('What is damaged, and other leaves, are repaired by `couchette repair --bodies`.')
  return cannot > 0 ? INCOMPLETE : OK
}

function cutOff(from: string | undefined): CommandError {
  const rest = from === undefined ? '' : ` It goes on with --from ${JSON.stringify(from)}.`
  return new CommandError(`The comparison was cut off.${rest}`, FAILED)
}

function shownProgress({ source_documents: here, target_documents: there }: Progress): string {
  return `${here} and ${there} documents compared`
}

function sentence(summary: Summary): string {
  const { equal, source_documents: here, target_documents: there } = summary
  if (equal) return `Equal: ${here} documents with the same leaves.`
  const more = [
    [summary.other_winner, 'have another winner'],
    [summary.other_leaves, 'have other leaves though nothing is missing'],
    [summary.damaged, 'bodies or attachments differ or cannot be read'],
  ] as const
  return (
    `Different: ${summary.missing_in_target} documents lack revisions in the target, ` +
    `${summary.missing_in_source} in the source (${here} and ${there} documents were compared).` +
    more.map(([count, what]) => (count > 0 ? ` ${count} ${what}.` : '')).join('')
  )
}
