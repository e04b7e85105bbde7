import { CommandError, usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, INCOMPLETE, OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { confirm } from '../frame/prompt.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'
import { comparisonLines } from '../replication/comparison-lines.ts'
import { copyDocuments, type DatabasePair } from '../replication/copy-documents.ts'
import { Differences, shownDifference } from '../replication/differences.ts'
import { repairRevisions } from '../replication/repair-revisions.ts'

interface Options {
  readonly yes?: boolean
  readonly oneWay?: boolean
  readonly bodies?: boolean
  readonly take?: string
  readonly id?: string
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
        ['couchette repair orders orders-copy --bodies', 'also finds and replaces what is damaged'],
        ['couchette repair orders orders-copy --bodies --id order-7 --take source', 'decides by hand'],
      ],
    )
    .option('-y, --yes', 'does not ask')
    .option('--one-way', 'copies to the target alone; what only the target has stays there')
    .option('--bodies', 'also reads bodies and attachments, and replaces those that are proven to be damaged')
    .option(
      '--take <side>',
      'of contents of which neither proves to be right, takes those of the source or target',
    )
    .option('--id <id>', 'repairs one document alone')
    .action(frame.run<Options, [string, string]>(repair))
}

async function repair(context: Context, options: Options, source: string, target: string): Promise<number> {
  const { yes = false, take } = options
  if (take !== undefined && take !== 'source' && take !== 'target')
    throw usageError('--take takes source or target.')
  const server = await context.server()
  const sides = { source, target }
  const found = await differences(context, server, sides, options)
  if (found.count === 0) {
    await tell(context, 'Nothing differs.', { to_target: 0, to_source: 0, remaining: 0 })
    return OK
  }
  const { toTarget, toSource } = found
  const revisions = found.repairable(take)
  const counts = { to_target: toTarget.size, to_source: toSource.size }
  if (toTarget.size + toSource.size + revisions.length === 0) {
    const outcome = { ...counts, remaining: found.count }
    await tell(
      context,
      'Nothing was repaired: a person has to say which side is right, with --take.',
      outcome,
    )
    return INCOMPLETE
  }
  if (!yes && !(await confirm(context.io, question(found, sides, revisions.length), '--yes'))) {
    if (!context.json) await context.line('Nothing was changed.')
    return INCOMPLETE
  }
  await copyDocuments(server, sides, toTarget)
  await copyDocuments(server, { source: target, target: source }, toSource)
  const repaired = await repairRevisions(
    context,
    server,
    { ...sides, take, one_way: options.oneWay },
    revisions,
  )
  const left = await differences(context, server, sides, options, true)
  const outcome = {
    ...counts,
    ...(options.bodies === true || revisions.length > 0 ? { replaced: repaired } : {}),
    remaining: left.count,
  }
  await tell(context, sentence(outcome), outcome)
  return left.count === 0 ? OK : INCOMPLETE
}

/** @param areLeft true of what differs after the repair */
async function differences(
  context: Context,
  server: Server,
  sides: DatabasePair,
  { oneWay = false, bodies = false, id }: Options,
  areLeft = false,
): Promise<Differences> {
  const found = new Differences()
  let ended = false
  const request = { ...sides, ...(bodies ? { bodies } : {}), ...(id === undefined ? {} : { from: id }) }
  for await (const { line } of comparisonLines(server, request)) {
    ended ||= 'summary' in line
    if (!('id' in line) || (oneWay && line.missing_in === 'source')) continue
    if (id !== undefined && line.id !== id) continue
    found.add(line)
    if (context.json) await context.line(JSON.stringify(areLeft ? { ...line, still: true } : line))
    else await context.line(`${shownDifference(line)}${areLeft ? ' still' : ''}`)
  }
  if (!ended) throw new CommandError('The comparison was cut off.', FAILED)
  return found
}

function question({ toTarget, toSource }: Differences, sides: DatabasePair, revisions: number): string {
  const parts = [
    ...(toTarget.size > 0 ? [`${documents(toTarget.size)} to ${printable(sides.target)}`] : []),
    ...(toSource.size > 0 ? [`${documents(toSource.size)} to ${printable(sides.source)}`] : []),
  ]
  const copies = parts.length === 0 ? [] : [`copy ${parts.join(' and ')}`]
  const repairs = revisions === 0 ? [] : [`repair ${documents(revisions)} that both have`]
  const text = [...copies, ...repairs].join(', and ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}?`
}

interface Outcome {
  readonly to_target: number
  readonly to_source: number
  /** Revisions that both sides had, and that were repaired. */
  readonly replaced?: number
  /** Documents that differ still. */
  readonly remaining: number
}

function sentence({ to_target: there, to_source: here, replaced = 0, remaining }: Outcome): string {
  const offered = `${documents(there)} were replicated to the target and ${here} to the source`
  const more = replaced > 0 ? `, and ${replaced} revisions repaired` : ''
  if (remaining === 0) return `${offered}${more}. Nothing differs any more.`
  return `${offered}${more}; ${remaining} of them differ still: they were refused, changed meanwhile, or need a person's decision.`
}

function documents(number: number): string {
  return `${number} ${number === 1 ? 'document' : 'documents'}`
}

async function tell(context: Context, text: string, outcome: Outcome): Promise<void> {
  await context.line(context.json ? JSON.stringify({ repair: outcome }) : text)
}
