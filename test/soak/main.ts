import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { projectFile } from '../../harness/project.ts'
import type { startNode } from '../../harness/child-server.ts'
import { tempDir } from '../helpers/temp.ts'
import { cycle } from './cycle.ts'
import { NAMES, type Sample, sampleOf, slopesOf } from './samples.ts'

/**
 * `npm run soak -- --minutes 60 --workers 3`: databases are made, loaded, read in every way, replicated, compacted and
 * dropped, again and again. Prints what the process holds each minute, how fast that grows over the second half of the time, and
 * what is left a minute after the load. It is the built server that runs (`npm run build`), as the loader of sources takes memory. Ends with 1 where more than `--most-resident` MB are.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    'most-resident': { type: 'string', default: '250' },
  },
})
const minutes = Number(values.minutes)
const dir = await tempDir()
const data = join(dir.path, 'data')
const built = pathToFileURL(projectFile('dist/harness/child-server.js')).href
const { startNode: start } = (await import(built)) as { startNode: typeof startNode }
const server = await start(data)
const samples: Sample[] = []
const show = (name: string, sample: Sample): void =>
  console.log(`${name}: ${NAMES.map(key => `${key} ${sample[key]}`).join(', ')}`)

try {
  const before = await sampleOf(server, data, 0)
  show('before', before)
  const end = Date.now() + minutes * 60_000
  let cycles = 0
  const worker = async (number: number): Promise<void> => {
    for (let turn = 0; Date.now() < end; turn++) {
      await cycle(server.url, `soak-${number}-${turn}`)
      cycles++
    }
  }
  const work = Promise.all(Array.from({ length: Number(values.workers) }, (_, number) => worker(number)))
  for (let minute = 1; minute <= minutes; minute++) {
    await Promise.race([sleep(60_000), work])
    const sample = await sampleOf(server, data, minute)
    samples.push(sample)
    show(`minute ${minute}`, sample)
  }
  await work
  console.log(`${cycles} cycles`)
  for (const [name, slope] of slopesOf(samples.slice(Math.floor(samples.length / 2))))
    console.log(`slope of ${name}: ${slope.toFixed(2)} a minute`)
  await sleep(60_000)
  const after = await sampleOf(server, data, minutes + 1)
  show('a minute after the load', after)
  if (after.residentMb > Number(values['most-resident'])) {
    console.log(`more than ${values['most-resident']} MB are resident: see heapMb for what JavaScript holds`)
    process.exitCode = 1
  }
} finally {
  await server.stop()
  await dir.remove()
}
