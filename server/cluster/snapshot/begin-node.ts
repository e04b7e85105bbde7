import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/config.ts'
import { StartError } from '../../config/start-error.ts'
import { decodeChange, type EqualSettings } from '../entry/change.ts'
import { decodeEntry, decodeParts, type EntryCipher } from '../entry/entry.ts'
import { isEqualSetting } from '../group/equal-settings.ts'
import { readHead } from '../group/log-head.ts'
import type { ReplicatedLog } from '../log/contract.ts'
import { RemovedError } from '../nodes/node-client.ts'
import { type SnapshotTarget, takeSnapshot } from './take-snapshot.ts'

export interface NewNodeParts extends SnapshotTarget {
  readonly config: Config
  readonly cipher: EntryCipher | undefined
  readonly openLog: () => Promise<ReplicatedLog>
}

const RETRY_MS = 500

/**
 * Has a node without databases copy them from another one, where its log no longer has them. A log that begins with its first
 * entry is read instead.
 *
 * @throws {StartError} where the log and the other nodes cannot be reached within `[cluster] join_timeout`
 */
export async function beginNode(parts: NewNodeParts): Promise<void> {
  const until = performance.now() + parts.config.integer('cluster', 'join_timeout')
  for (;;) {
    try {
      return await attempt(parts)
    } catch (error) {
      if (error instanceof RemovedError || performance.now() > until)
        throw new StartError(
          `This node has no databases, and cannot copy them from another one: ${messageOf(error)}`,
          { cause: error },
        )
      parts.log.warn({ err: error }, 'no copy of another node was taken yet')
      await sleep(RETRY_MS)
    }
  }
}

async function attempt(parts: NewNodeParts): Promise<void> {
  const log = await parts.openLog()
  const head = await readHead(log, parts.cipher)
  if (head.change.kind === 'genesis') return
  const tried = new Map<string, unknown>()
  for await (const url of membersOf(log, head, parts)) {
    if (tried.has(url)) continue
    try {
      return await takeSnapshot(parts, url, settings => useSettings(parts.config, settings))
    } catch (error) {
      if (error instanceof RemovedError) throw error
      tried.set(url, error)
    }
  }
  const reasons = [...tried].map(([url, error]) => `${url}: ${messageOf(error)}`)
  throw new Error(reasons.length === 0 ? 'the log names no node' : reasons.join('; '))
}

/** Reads the URLs of other members from the log, those of its first entry at first. */
async function* membersOf(
  log: ReplicatedLog,
  { position, change }: Awaited<ReturnType<typeof readHead>>,
  { node, cipher }: NewNodeParts,
): AsyncGenerator<string> {
  if (change.kind === 'checkpoint')
    for (const [name, url] of Object.entries(change.members)) if (name !== node && url !== '') yield url
  for (let from = position + 1; ;) {
    const entries = await log.read(from)
    if (entries.length === 0) return
    for (const { bytes } of entries) yield* memberIn(bytes, node, cipher)
    from += entries.length
  }
}

function* memberIn(bytes: Uint8Array, node: string, cipher: EntryCipher | undefined): Generator<string> {
  const entry = decodeEntry(bytes, cipher)
  // What tells of members is one small entry.
  if (entry.role !== 'whole' || entry.payload.length > MAX_MEMBER_BYTES) return
  for (const change of decodeParts(entry.payload).map(decodeChange))
    if ((change.kind === 'lead' || change.kind === 'member') && change.node !== node) yield change.url
}

const MAX_MEMBER_BYTES = 4096

/** Takes over the settings that are equal on all nodes: entries that changed them may be gone. */
async function useSettings(config: Config, settings: EqualSettings): Promise<void> {
  const wanted = new Set(settings.map(({ section, key }) => `${section}/${key}`))
  for (const [section, keys] of [...config.all()])
    for (const key of [...keys.keys()]) {
      if (!isEqualSetting(section, key) || wanted.has(`${section}/${key}`)) continue
      if (config.sourceOf(section, key).endsWith('.ini')) await config.delete(section, key, { persist: true })
    }
  for (const { section, key, value } of settings)
    if (config.get(section, key) !== value) await config.set(section, key, value, { persist: true })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
