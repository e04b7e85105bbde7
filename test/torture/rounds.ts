import { seeded } from '../helpers/faults/random.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { backupTaker, checkBackups } from './backups.ts'
import { compactor, follower, prepare, reader, redirectJob, replicator } from './bystanders.ts'
import { verify } from './checks.ts'
import { checkLeftovers } from './leftovers.ts'
import { Model } from './model.ts'
import { below, type Random } from './random.ts'
import { bulkWriter, dropper, purger, singleWriter, valueWriter, type Work, type Worker } from './writers.ts'

export interface TortureOptions {
  readonly place: Place
  /** Directory of the backups that are taken meanwhile. */
  readonly backups: string
  readonly rounds: number
  readonly seed: number
  readonly env?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
}

/** The data directory, and how the server there comes to a sudden end. */
export interface Place {
  /** The data directory; after a crash it may be another one. */
  readonly data: string
  crash(server: Server): Promise<void>
}

/** A directory in which the process is killed. */
export function directory(data: string): Place {
  return { data, crash: server => server.kill() }
}

export interface TortureReport {
  readonly rounds: number
  readonly acknowledged: number
  /** Backups that were taken, and that were restored and compared. */
  readonly backups: number
  readonly restored: number
}

export type Server = Awaited<ReturnType<typeof spawnServer>>

/**
 * Starts a server, loads it with everything at once and kills it at a random point, again and again; after each start
 * everything is compared with what was acknowledged.
 *
 * @throws {Error} that names the round, and what is not as it should be
 */
export async function torture({
  place,
  backups,
  rounds,
  seed,
  env,
  log,
}: TortureOptions): Promise<TortureReport> {
  const random = seeded(seed)
  const model = new Model()
  for (let round = 0; round < rounds; round++) {
    const server = await spawnServer(place.data, env)
    try {
      if (round === 0) await prepare(server.url, model.databases)
      else await verify(server.url, model)
      await redirectJob(server.url, model.databases[0]!)
      const before = model.acknowledged
      await loadUntilKilled(server, { place, backups, model, random, round })
      log?.(`round ${round}: ${model.acknowledged - before} writes acknowledged`)
    } catch (error) {
      log?.(server.output())
      throw new Error(`round ${round} of seed ${seed}`, { cause: error })
    } finally {
      await server.kill()
    }
  }
  await checkLast(place.data, model, env)
  const restored = await checkBackups(model, backups, random, env)
  return { rounds, acknowledged: model.acknowledged, backups: model.backups.length, restored }
}

interface Round {
  readonly place: Place
  readonly backups: string
  readonly model: Model
  readonly random: Random
  readonly round: number
}

async function loadUntilKilled(
  server: Server,
  { place, backups, model, random, round }: Round,
): Promise<void> {
  const enough = model.acknowledged + 20 + below(random, 1500)
  let killed = false
  const run = async (worker: Worker) => {
    while (!killed) {
      try {
        await worker.turn()
      } catch (error) {
        if (killed) return
        killed = true
        await server.kill()
        throw new Error(worker.name, { cause: error })
      }
      if (model.acknowledged < enough || killed) continue
      killed = true
      await place.crash(server)
    }
  }
  const work = (name: string): Work => ({
    url: server.url,
    model,
    random: seeded(below(random, 2 ** 32)),
    label: `${round}${name}`,
  })
  const workers = model.databases.flatMap((database, number) => [
    bulkWriter(work(`a${number}`), database),
    bulkWriter(work(`b${number}`), database),
    singleWriter(work(`c${number}`), database),
    singleWriter(work(`d${number}`), database),
    purger(work(`e${number}`), database),
    valueWriter(work(`f${number}`), database),
    reader(work(`g${number}`), database),
    compactor(work(`h${number}`), database),
    follower(work(`i${number}`), database),
  ])
  const others = [
    dropper(work('k')),
    replicator(work('l'), model.databases[1]!),
    backupTaker(work('m'), backups),
  ]
  await Promise.all([...workers, ...others].map(run))
}

/** The state after the last kill, and what an ordinary end leaves in the data directory. */
async function checkLast(data: string, model: Model, env?: Readonly<Record<string, string>>): Promise<void> {
  const server = await spawnServer(data, env)
  try {
    await verify(server.url, model)
    await server.stop()
    await checkLeftovers(data, env?.COUCHETTE_ENCRYPTION_KEY)
  } finally {
    await server.kill()
  }
}
