import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checkpoint } from '../cluster/entry/change.ts'
import { appendHead, createGenesis, readHead } from '../cluster/group/log-head.ts'
import { encodePlace, placeAtHead, withChange } from '../cluster/group/place.ts'
import { openLog } from '../cluster/log/open-log.ts'
import { equalSettings } from '../cluster/group/equal-settings.ts'
import { Config } from '../config/config.ts'
import { fileError, StartError } from '../config/start-error.ts'
import { putLogPlace } from '../database/replicated-records.ts'
import { hasStore } from '../cluster/snapshot/take-snapshot.ts'
import { cipherOfEnvironment, type ClusterArguments, configure, say, withLog } from './cluster-arguments.ts'
import { openUnusedStore } from './open-unused-store.ts'
import { UsageError } from './usage-error.ts'

/**
 * Makes a cluster: an empty log whose first entry holds the settings that all nodes share, and the first node's configuration.
 * Resolves with the exit code.
 *
 * @throws {StartError} where the log is there already or cannot be reached, or the directory has data
 */
export async function clusterCreate(args: ClusterArguments, open = openLog): Promise<number> {
  if (args.groups !== undefined && args.groups !== '1')
    throw new UsageError('--groups takes 1: all databases of a cluster share one log.')
  await checkNew(args.data)
  const config = await Config.open({ directory: args.data, env: process.env })
  const secret = randomBytes(32).toString('base64url')
  const settings = [...equalSettings(config), { section: 'cluster', key: 'secret', value: secret }]
  const { createdAdmin } = config
  await config.close()
  await withLog(args, open, async log => {
    if (!(await log.create()) && (await log.read(1)).length > 0)
      throw new StartError(
        `There is a log of the name "${args.name}" already: join it, or choose another --name.`,
      )
    await createGenesis(log, args.name, settings, await cipherOfEnvironment())
  })
  await configure(args, [{ section: 'cluster', key: 'secret', value: secret }])
  if (createdAdmin !== undefined) {
    const { name, password } = createdAdmin
    say(`Created the administrator "${name}" with password "${password}". It is shown only now.`)
  }
  say(`The cluster "${args.name}" is made. Start this node with: couchette serve --data ${args.data}`)
  return 0
}

/**
 * Makes the configuration of another node, with the settings that all nodes share. Resolves with the exit code.
 *
 * @throws {StartError} where there is no such cluster, its log cannot be reached, or the directory has data
 */
export async function clusterJoin(args: ClusterArguments, open = openLog): Promise<number> {
  await checkNew(args.data)
  const { change } = await withLog(args, open, async log => readHead(log, await cipherOfEnvironment()))
  await mkdir(args.data, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, 'The data directory', args.data)
  })
  await configure(args, change.settings)
  say(`This node belongs to the cluster "${args.name}". Start it with: couchette serve --data ${args.data}`)
  return 0
}

/**
 * Makes a log that begins with the databases of a directory that no server uses: those of a server of its own, which becomes the
 * first node of a cluster, or of the most advanced node of a cluster whose log was lost. Resolves with the exit code.
 *
 * @throws {StartError} where there is such a log, it cannot be reached, or the directory has no databases
 */
export async function clusterNewLog(args: ClusterArguments, open = openLog): Promise<number> {
  const store = await openUnusedStore(args.data, undefined)
  try {
    const secret = { section: 'cluster', key: 'secret', value: randomBytes(32).toString('base64url') }
    const config = await Config.open({ directory: args.data, env: process.env })
    const settings = [...equalSettings(config), secret]
    await config.close()
    const cipher = await cipherOfEnvironment()
    const { name, clusterUrl = '' } = args
    const node = args.node ?? (config.text('cluster', 'node') || undefined)
    const members = node === undefined || clusterUrl === '' ? {} : { [node]: clusterUrl }
    const change: Checkpoint = { kind: 'checkpoint', name, settings, members }
    const head = await withLog(args, open, async log => {
      if (!(await log.create()) && (await log.first()) !== undefined)
        throw new StartError(`There is a log of the name "${name}" already: choose another --name.`)
      return appendHead(log, change, cipher)
    })
    const batch = store.batch()
    putLogPlace(batch, encodePlace(withChange(placeAtHead(head), change)))
    await batch.write({ sync: true })
    await configure({ ...args, node }, [secret])
  } finally {
    await store.close()
  }
  say(
    `The log "${args.name}" begins with the databases of ${args.data}. Start this node with: couchette serve --data ${args.data}\n` +
      'Other nodes join it, each with an empty data directory: couchette cluster join',
  )
  return 0
}

/** @throws {StartError} where the directory holds databases */
async function checkNew(data: string): Promise<void> {
  const store = join(data, 'store')
  if (await hasStore(data))
    throw new StartError(
      `${store} holds databases, and a node of a cluster begins with an empty directory. "couchette cluster new-log" makes a server with databases the first node of a cluster.`,
    )
}
