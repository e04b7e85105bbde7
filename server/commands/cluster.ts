import { randomBytes } from 'node:crypto'
import { access, mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Genesis } from '../cluster/entry/change.ts'
import { entryCipher } from '../cluster/entry/entry-cipher.ts'
import type { EntryCipher } from '../cluster/entry/entry.ts'
import { createGenesis, readHead } from '../cluster/group/log-head.ts'
import type { EngineLog } from '../cluster/log/contract.ts'
import { openLog } from '../cluster/log/open-log.ts'
import { equalSettings } from '../cluster/group/equal-settings.ts'
import { Config } from '../config/config.ts'
import { ownFile, writeIniValue } from '../config/files.ts'
import { fileError, StartError } from '../config/start-error.ts'
import { masterKeysOf } from '../start/open-store.ts'
import { UsageError } from './usage-error.ts'

export interface ClusterArguments {
  readonly data: string
  /** URL of the log. */
  readonly log: string
  /** Name of the cluster. */
  readonly name: string
  /** Name of this node. Default: the machine's, with four hex digits. */
  readonly node?: string | undefined
  /** URL under which the other nodes reach this one. Default: where it listens. */
  readonly clusterUrl?: string | undefined
  /** Number of groups of databases; 1 is all that there is. */
  readonly groups?: string | undefined
}

/**
 * Makes a cluster: an empty log whose first entry holds the settings that all nodes share, and the first node's configuration.
 * Resolves with the exit code.
 *
 * @throws {StartError} where the log is there already or cannot be reached, or the directory has data
 */
export async function clusterCreate(args: ClusterArguments): Promise<number> {
  if (args.groups !== undefined && args.groups !== '1')
    throw new UsageError('--groups takes 1: all databases of a cluster share one log.')
  await checkNew(args.data)
  const config = await Config.open({ directory: args.data, env: process.env })
  const secret = randomBytes(32).toString('base64url')
  const settings = [...equalSettings(config), { section: 'cluster', key: 'secret', value: secret }]
  const { createdAdmin } = config
  await config.close()
  await withLog(args, async log => {
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
export async function clusterJoin(args: ClusterArguments): Promise<number> {
  await checkNew(args.data)
  const { change } = await withLog(args, async log => readHead(log, await cipherOfEnvironment()))
  await mkdir(args.data, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, 'The data directory', args.data)
  })
  await configure(args, change.settings)
  say(`This node belongs to the cluster "${args.name}". Start it with: couchette serve --data ${args.data}`)
  return 0
}

/** The log is encrypted where the nodes encrypt what they store. */
async function cipherOfEnvironment(): Promise<EntryCipher | undefined> {
  const keys = await masterKeysOf({ env: process.env })
  return keys && entryCipher(keys)
}

async function configure(
  { data, log, name, node, clusterUrl: url }: ClusterArguments,
  settings: Genesis['settings'],
): Promise<void> {
  const own = {
    log,
    name,
    node: node ?? `${hostname()}-${randomBytes(2).toString('hex')}`,
    ...(url === undefined ? {} : { url }),
  }
  const all = [
    ...settings,
    ...Object.entries(own).map(([key, value]) => ({ section: 'cluster', key, value })),
  ]
  for (const { section, key, value } of all) await writeIniValue(ownFile(data), section, key, value)
}

/** @throws {StartError} where the log cannot be reached or has no such cluster; the message holds no credentials */
async function withLog<T>(
  { log: url, name }: ClusterArguments,
  use: (log: EngineLog) => Promise<T>,
): Promise<T> {
  const log = await openLog(url, name).catch((error: unknown) => {
    throw new UsageError(messageOf(error))
  })
  try {
    return await use(log)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`The log "${name}" cannot be used: ${messageOf(error)}`, { cause: error })
  } finally {
    await log.close()
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** @throws {StartError} where the directory holds databases */
async function checkNew(data: string): Promise<void> {
  const store = join(data, 'store')
  const hasStore = await access(store).then(
    () => true,
    () => false,
  )
  if (hasStore)
    throw new StartError(
      `${store} holds databases: a node of a cluster begins with an empty directory. Move the data by replication.`,
    )
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
