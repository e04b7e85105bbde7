import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { tempDir } from '../helpers/temp.ts'
import { FailingDisk } from './power-loss.ts'
import { directory, torture } from './rounds.ts'

/**
 * `npm run torture -- --rounds 200 --seed 7 [--power-loss] [--encrypted]`: ends a loaded server again and again, by killing
 * its process or, on a file system of its own (as root), by a copy of the disk as it is at that moment.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    'power-loss': { type: 'boolean', default: false },
    encrypted: { type: 'boolean', default: false },
  },
})
const dir = await tempDir()
const disk = values['power-loss'] ? await FailingDisk.make(dir.path) : undefined
const seed = Number(values.seed)
console.log(`seed ${seed}, in ${dir.path}`)
try {
  const report = await torture({
    place: disk ?? directory(join(dir.path, 'data')),
    backups: join(dir.path, 'backups'),
    rounds: Number(values.rounds),
    seed,
    env: values.encrypted ? { COUCHETTE_ENCRYPTION_KEY: 'c0'.repeat(32) } : {},
    log: line => console.log(line),
  })
  console.log(
    `${report.rounds} crashes, ${report.acknowledged} acknowledged writes, none lost; ` +
      `${report.backups} backups, ${report.restored} of them restored and compared`,
  )
  await disk?.remove()
  await dir.remove()
} catch (error) {
  console.error(error)
  console.error(`The data are kept in ${dir.path}`)
  process.exitCode = 1
}
