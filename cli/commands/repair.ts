import type { ComparedDocument } from '../../replicator/comparison/lines.ts'
import { CommandError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { confirm } from '../frame/prompt.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'
import { comparisonLines } from '../replication/comparison-lines.ts'
import { copyDocuments, type DatabasePair } from '../replication/copy-documents.ts'

/** Documents that differ, by the side that lacks them. */
interface Differences {
  readonly source: Set<string>
  readonly target: Set<string>
  /** Documents that no replication makes equal. */
  readonly others: Set<string>
}

interface Options {
  readonly yes?: boolean
  readonly oneWay?: boolean
}

/** Adds `repair`: replicates the documents in which two databases differ, and no others. */
export function addRepair(frame: Frame): void {
  frame
    .command(
      'repair <source> <target>',
      'Replicates the documents in which two databases differ, and no others.',
      [
        ['couchette repair orders orders-copy', 'shows what differs, and asks'],
        ['couchette repair orders https://name:password@example.com/orders --yes', ''],
        ['couchette repair orders orders-copy --one-way', 'leaves the source as it is'],
      ],
    )
    .option('-y, --yes', 'does not ask')
    .option('--one-way', 'copies to the target alone; what only the target has stays there')
    .action(frame.run<Options, [string, string]>(repair))
}

async function repair(
  context: Context,
  { yes = false, oneWay = false }: Options,
  source: string,
  target: string,
): Promise<number> {
  const server = await context.server()
  const sides = { source, target }
  const found = await differences(server, sides, oneWay, line => show(context, line))
  if (count(found) === 0) {
    await tell(context, 'Nothing differs.', { to_target: 0, to_source: 0, remaining: 0 })
    return OK
  }
  const [toTarget, toSource] = [found.target.size, found.source.size]
  if (toTarget + toSource === 0) {
    await tell(context, 'No replication makes them equal: neither side lacks a revision.', {
      to_target: 0,
      to_source: 0,
      remaining: count(found),
    })
    return INCOMPLETE
  }
  if (!yes && !(await confirm(context.io, question(found, sides), '--yes'))) {
    if (!context.json) await context.line('Nothing was changed.')
    return INCOMPLETE
  }
  await copyDocuments(server, sides, found.target)
  await copyDocuments(server, { source: target, target: source }, found.source)
  const left = await differences(server, sides, oneWay, line => show(context, line, true))
  const remaining = count(left)
  const outcome = { to_target: toTarget, to_source: toSource, remaining }
  await tell(context, sentence(outcome), outcome)
  return remaining === 0 ? OK : INCOMPLETE
}

/** Compares two databases; each difference is given to `each` as well. */
async function differences(
  server: Server,
  sides: DatabasePair,
  oneWay: boolean,
  each: (line: ComparedDocument) => Promise<void> = () => Promise.resolve(),
): Promise<Differences> {
  const found = { source: new Set<string>(), target: new Set<string>(), others: new Set<string>() }
  let ended = false
  for await (const { line } of comparisonLines(server, sides)) {
    ended ||= 'summary' in line
    if (!('id' in line) || (oneWay && line.missing_in === 'source')) continue
    found[line.missing_in ?? 'others'].add(line.id)
    await each(line)
  }
  if (!ended) throw new CommandError('The comparison was cut off.', FAILED)
  return found
}

function count({ source, target, others }: Differences): number {
  return new Set([...source, ...target, ...others]).size
}

/** @param isLeft true of what differs after the repair */
async function show(context: Context, line: ComparedDocument, isLeft = false): Promise<void> {
  if (context.json) return context.line(JSON.stringify(isLeft ? { ...line, still: true } : line))
  const { id, missing_in: side } = line
  const revisions = printable('rev' in line ? line.rev : line.revs.join(', '))
  const what = side === undefined ? `differs in ${revisions}` : `the ${side} lacks ${revisions}`
  await context.line(`${printable(id)}: ${what}${isLeft ? ' still' : ''}`)
}

function question({ source, target }: Differences, sides: DatabasePair): string {
  const parts = [
    ...(target.size > 0 ? [`${documents(target.size)} to ${printable(sides.target)}`] : []),
    ...(source.size > 0 ? [`${documents(source.size)} to ${printable(sides.source)}`] : []),
  ]
  return `Copy ${parts.join(' and ')}?`
}

interface Outcome {
  readonly to_target: number
  readonly to_source: number
  /** Documents that differ still. */
  readonly remaining: number
}

function sentence({ to_target: there, to_source: here, remaining }: Outcome): string {
  const offered = `${documents(there)} were replicated to the target and ${here} to the source`
  if (remaining === 0) return `${offered}. Nothing differs any more.`
  return `${offered}; ${remaining} of them differ still: they were refused, or changed meanwhile.`
}

function documents(number: number): string {
  return `${number} ${number === 1 ? 'document' : 'documents'}`
}

async function tell(context: Context, text: string, outcome: Outcome): Promise<void> {
  await context.line(context.json ? JSON.stringify({ repair: outcome }) : text)
}
