import { readFileSync } from 'node:fs'
import { markdown, thousands } from './table.ts'
import { Target } from './target.ts'
import { median } from './timing.ts'
import type { Work } from './work.ts'

const HEAD = ['work', 'this server', 'the other', 'ratio', 'least to most', 'processor time']

interface Measured {
  readonly rate: number
  /** Processor time that the server's process took for what was done, in no unit; 0 where the process is not known. */
  readonly time: number
}

interface Pair {
  readonly one: Measured
  readonly other: Measured
}

/** A server that is measured. */
interface Side {
  readonly target: Target
  /** The server's process, on Linux. */
  readonly pid: number | undefined
}

/**
 * Does each work on two servers in turn, the other one first in every second run, so that a slow minute of the machine
 * slows both.
 *
 * @param options.pids processes of the servers: the processor time that each took is compared too, which a busy machine
 *   blurs less than rates (Linux)
 * @returns a table of Markdown: the medians, and the medians of the ratios of the pairs
 */
export async function compare(
  works: readonly Work[],
  urls: readonly [url: string, other: string],
  { documents, runs, pids }: { documents: number; runs: number; pids: readonly number[] },
): Promise<string> {
  const one: Side = { target: new Target(urls[0], documents), pid: pids[0] }
  const other: Side = { target: new Target(urls[1], documents), pid: pids[1] }
  const pairs = new Map<string, Pair[]>()
  try {
    for (let run = 0; run < runs; run++) {
      for (const work of works) {
        const pair = await measurePair(work, one, other, run % 2 === 1)
        pairs.set(work.name, [...(pairs.get(work.name) ?? []), pair])
        const time = pids.length === 0 ? '' : `, processor time ${timeRatio(pair).toFixed(2)}`
        const rates = `${thousands(pair.one.rate)} and ${thousands(pair.other.rate)} a second`
        console.error(`${work.name}: ${rates}, ${rateRatio(pair).toFixed(2)}${time}`)
      }
    }
  } finally {
    await one.target.close()
    await other.target.close()
  }
  return markdown([HEAD, ...works.map(work => rowOf(work, pairs.get(work.name) ?? []))])
}

async function measurePair(work: Work, one: Side, other: Side, isOtherFirst: boolean): Promise<Pair> {
  if (!isOtherFirst) return { one: await measure(work, one), other: await measure(work, other) }
  const first = await measure(work, other)
  return { one: await measure(work, one), other: first }
}

async function measure(work: Work, { target, pid }: Side): Promise<Measured> {
  const before = ticksOf(pid)
  const rate = await work.measure(target)
  const ticks = ticksOf(pid) - before
  return { rate, time: work.isTimed === true ? ticks / rate : ticks }
}

function rowOf({ name, unit }: Work, pairs: readonly Pair[]): string[] {
  const ratios = pairs.map(rateRatio)
  const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
  const [one, other] = [pairs.map(({ one }) => one.rate), pairs.map(({ other }) => other.rate)].map(median)
  const time = median(pairs.map(timeRatio))
  return [
    name,
    `${thousands(one ?? NaN)} ${unit}`,
    `${thousands(other ?? NaN)} ${unit}`,
    median(ratios).toFixed(2),
    range,
    Number.isNaN(time) ? '' : time.toFixed(2),
  ]
}

function rateRatio({ one, other }: Pair): number {
  return one.rate / other.rate
}

function timeRatio({ one, other }: Pair): number {
  return one.time / other.time
}

/** User and system time of a process (proc(5), /proc/pid/stat); 0 where there is none. */
function ticksOf(pid: number | undefined): number {
  if (pid === undefined) return 0
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
