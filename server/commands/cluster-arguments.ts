import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { entryCipher } from '../cluster/entry/entry-cipher.ts'
import type { EqualSettings } from '../cluster/entry/change.ts'
import type { EntryCipher } from '../cluster/entry/entry.ts'
import type { EngineLog } from '../cluster/log/contract.ts'
import type { openLog } from '../cluster/log/open-log.ts'
import { ownFile, writeIniValue } from '../config/files.ts'
import { StartError } from '../config/start-error.ts'
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

/** The log is encrypted where the nodes encrypt what they store. */
export async function cipherOfEnvironment(): Promise<EntryCipher | undefined> {
  const keys = await masterKeysOf({ env: process.env })
  return keys && entryCipher(keys)
}

export async function configure(
  { data, log, name, node, clusterUrl: url }: ClusterArguments,
  settings: EqualSettings,
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
export async function withLog<T>(
  { log: url, name }: ClusterArguments,
  open: typeof openLog,
  use: (log: EngineLog) => Promise<T>,
): Promise<T> {
  const log = await open(url, name).catch((error: unknown) => {
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

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
