import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, target as splitUrl } from '../../harness/client.ts'
import { documentId } from '../documents.ts'

/** Latencies in milliseconds. */
export interface Summary {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

export interface Latencies {
  readonly gets: Summary
  /** From when a document is sent to when its row arrives. */
  readonly feed: Summary
  /** How long the work took. */
  readonly ms: number
}

const CLIENTS = 4
const GET_EVERY_MS = 10
const WRITE_EVERY_MS = 50

/** Times GETs of documents, at a rate that costs little, and the rows of a live feed, while work goes on. */
export async function beside(url: string, database: string, work: () => Promise<void>): Promise<Latencies> {
  const client = new Client(url, CLIENTS + 1)
  const feed = await Feed.open(url, database)
  const over = { is: false }
  const getMs: number[] = []
  const gets = Array.from({ length: CLIENTS }, () => timeGets(client, database, getMs, over))
  const writes = writeAgain(client, database, feed, over)
  const start = performance.now()
  try {
    await work()
    const ms = performance.now() - start
    over.is = true
    await Promise.all([...gets, writes])
    return { gets: summary(getMs), feed: summary(feed.latencies), ms }
  } finally {
    over.is = true
    feed.close()
    await client.close()
  }
}

async function timeGets(
  client: Client,
  database: string,
  latencies: number[],
  over: { readonly is: boolean },
): Promise<void> {
  for (let number = 0; !over.is; number = (number + 7) % 1000) {
    const start = performance.now()
    const { status } = await client.send('GET', `/${database}/${documentId(number)}`)
    if (status !== 200) throw new Error(`a GET was answered with ${status}`)
    latencies.push(performance.now() - start)
    await sleep(GET_EVERY_MS)
  }
}

async function writeAgain(
  client: Client,
  database: string,
  feed: Feed,
  over: { readonly is: boolean },
): Promise<void> {
  while (!over.is) {
    const id = `timed-${process.hrtime.bigint()}`
    const arrived = feed.expect(id)
    await client.json('PUT', `/${database}/${id}`, 201, '{}')
    await arrived
    await sleep(WRITE_EVERY_MS)
  }
}

/** A continuous feed of one database. */
class Feed {
  readonly latencies: number[] = []
  readonly #expected = new Map<string, () => void>()
  #end = (): void => undefined

  static open(url: string, database: string): Promise<Feed> {
    const { origin, headers } = splitUrl(url)
    const feed = new Feed()
    const path = `${origin}/${database}/_changes?feed=continuous&since=now&heartbeat=10000`
    return new Promise((resolve, reject) => {
      const request = get(path, { headers, agent: false }, answer => {
        let rest = ''
        answer.setEncoding('utf8').on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) if (line !== '') feed.#row((JSON.parse(line) as { id: string }).id)
        })
        answer.on('error', () => undefined)
        feed.#end = () => request.destroy()
        resolve(feed)
      })
      request.once('error', reject)
    })
  }

  /** Times a row from now on; resolves when it is there. */
  expect(id: string): Promise<void> {
    const start = performance.now()
    return new Promise(resolve =>
      this.#expected.set(id, () => {
        this.latencies.push(performance.now() - start)
        resolve()
      }),
    )
  }

  close(): void {
    this.#end()
  }

  #row(id: string): void {
    this.#expected.get(id)?.()
    this.#expected.delete(id)
  }
}

function summary(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1), count: sorted.length }
}
