import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ChildServer } from '../../harness/child-server.ts'
import { call } from '../helpers/http.ts'

const run = promisify(execFile)
const MB = 1024 * 1024

/** Resources of a server at one moment. */
export interface Sample {
  readonly minute: number
  readonly residentMb: number
  readonly heapMb: number
  readonly descriptors: number
  readonly threads: number
  readonly feeds: number
  readonly openDatabases: number
  readonly storeMb: number
}

export const NAMES = [
  'residentMb',
  'heapMb',
  'descriptors',
  'threads',
  'feeds',
  'openDatabases',
  'storeMb',
] as const satisfies readonly (keyof Sample)[]

interface Health {
  readonly memory: { readonly resident: number; readonly heap_used: number }
  readonly feeds: { readonly open: number }
  readonly databases: { readonly open: number }
}

/** Reads them, from `/proc` and from the server's own report. */
export async function sampleOf(server: ChildServer, data: string, minute: number): Promise<Sample> {
  const { body } = await call<Health>(server.url, 'GET', '/_node/_local/_health')
  const { stdout } = await run('du', ['-sk', data])
  return {
    minute,
    residentMb: Math.round(body.memory.resident / MB),
    heapMb: Math.round(body.memory.heap_used / MB),
    descriptors: (await readdir(`/proc/${server.pid}/fd`)).length,
    threads: (await readdir(`/proc/${server.pid}/task`)).length,
    feeds: body.feeds.open,
    openDatabases: body.databases.open,
    storeMb: Math.round(Number.parseInt(stdout, 10) / 1024),
  }
}

/** Returns the growth of each resource by the minute: the slope of the line of least squares. */
export function slopesOf(samples: readonly Sample[]): (readonly [name: string, slope: number])[] {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length
  const minutes = samples.map(({ minute }) => minute)
  const middle = mean(minutes)
  const spread = minutes.reduce((sum, minute) => sum + (minute - middle) ** 2, 0)
  return NAMES.map(name => {
    const level = mean(samples.map(sample => sample[name]))
    const product = samples.reduce(
      (sum, sample) => sum + (sample.minute - middle) * (sample[name] - level),
      0,
    )
    return [name, spread === 0 ? 0 : product / spread] as const
  })
}
