import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startNode } from '../harness/child-server.ts'
import { Client } from '../harness/client.ts'
import { markdown } from './table.ts'

/**
 * Latency of `_up` while `--searches N` searches without an index come at once: as time passes, and as processor time of
 * the server's main thread between question and answer, which other work of the machine does not blur.
 */
const { values } = parseArgs({
  options: { searches: { type: 'string', default: '300' }, documents: { type: 'string', default: '20000' } },
})

const BATCH = 2000
const ASK_EVERY_MS = 20
const SEARCH = JSON.stringify({ selector: { none: { $gt: 1 }, text: { $regex: 'zzz$' } } })

const dir = await mkdtemp(join(tmpdir(), 'couchette-scans-'))
const node = await startNode(join(dir, 'data'))
const client = new Client(node.url, Number(values.searches))
const asker = new Client(node.url, 1)
try {
  await client.send('PUT', '/db')
  const text = 'text of a document '.repeat(20)
  for (let from = 0; from < Number(values.documents); from += BATCH) {
    const docs = Array.from({ length: BATCH }, (_, n) => ({ _id: `key-${from + n}`, n: from + n, text }))
    await client.json('POST', '/db/_bulk_docs', 201, JSON.stringify({ docs }))
  }
  const idle = await askedWhile(new Promise(resolve => setTimeout(resolve, 2000)))
  const statuses = new Map<number, number>()
  const searches = Array.from({ length: Number(values.searches) }, async () => {
    const { status } = await client.send('POST', '/db/_find', SEARCH)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  })
  const busy = await askedWhile(Promise.all(searches))
  const heads = ['`_up`', 'median', 'p95', 'most', 'median, CPU', 'p95, CPU', 'most, CPU']
  process.stdout.write(`${markdown([heads, ['idle', ...idle], ['while they run', ...busy]])}\n`)
  for (const [status, count] of statuses) process.stdout.write(`${count} were answered ${status}\n`)
} finally {
  await client.close()
  await asker.close()
  await node.kill()
  await rm(dir, { recursive: true, force: true })
}

/** Asks `_up` again and again until work is done; the times in milliseconds, and the processor times. */
async function askedWhile(work: Promise<unknown>): Promise<string[]> {
  const [times, cpuTimes]: [number[], number[]] = [[], []]
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    const [asked, cpu] = [performance.now(), mainThreadMs()]
    await asker.json('GET', '/_up', 200)
    times.push(performance.now() - asked)
    cpuTimes.push(mainThreadMs() - cpu)
    await new Promise(resolve => setTimeout(resolve, ASK_EVERY_MS))
  }
  await done
  return [...quantiles(times), ...quantiles(cpuTimes)]
}

function quantiles(samples: number[]): string[] {
  const sorted = samples.toSorted((a, b) => a - b)
  return [0.5, 0.95, 1].map(
    part => `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0)} ms`,
  )
}

function mainThreadMs(): number {
  return Number(readFileSync(`/proc/${node.pid}/task/${node.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6
}
