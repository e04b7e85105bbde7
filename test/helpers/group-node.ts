import { ReplicatedGroup } from '../../server/cluster/group/group.ts'
import type { EntryCipher } from '../../server/cluster/entry/entry.ts'
import type { ReplicatedLog } from '../../server/cluster/log/contract.ts'
import type { CommitRecord } from '../../server/database/commit/commit-record.ts'
import { DatabaseKeys, KeySpace, spaceOfKey } from '../../server/storage/keys.ts'
import type { Store } from '../../server/storage/store.ts'
import { logOver } from './log-over.ts'
import { type MemoryCatalog, memoryCatalog, type MemoryOptions } from './memory-database.ts'

/** A node of a cluster without a server: its databases in memory, and its group. */
export interface GroupNode extends MemoryCatalog {
  readonly group: ReplicatedGroup
  readonly commits: CommitRecord[]
  catchUp(): Promise<void>
}

export interface GroupNodeOptions extends Pick<MemoryOptions, 'directory' | 'store'> {
  readonly cipher?: EntryCipher
}

export async function groupNode(
  log: ReplicatedLog,
  name: string,
  { cipher, ...options }: GroupNodeOptions = {},
): Promise<GroupNode> {
  const commits: CommitRecord[] = []
  const engine = await memoryCatalog(
    {
      replicate: (changes, batch) => group.replicate(changes, batch),
      extend: () => ({ subscribers: [{ apply: commit => void commits.push(commit) }], validators: [] }),
    },
    { ...options, isShared: true },
  )
  const signal = new AbortController().signal
  const node = { node: name, url: `http://${name}` }
  const { store, attachments } = engine
  const parts = { store, content: attachments.shared, log, cipher, node, signal }
  const group: ReplicatedGroup = await ReplicatedGroup.open(parts)
  return { ...engine, group, commits, catchUp: () => group.catchUp(engine.catalog) }
}

/** All of a database that is equal on each node: not the ranks, nor indexes. */
export async function contentsOf(store: Store, number: number): Promise<string[]> {
  const contents: string[] = []
  for await (const [key, value] of store.iterator(new DatabaseKeys(number).all())) {
    const space = spaceOfKey(key)
    if (space === KeySpace.index || space === KeySpace.rank) continue
    contents.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`)
  }
  return contents
}

/** A log whose leader is gone after so many appends: what it had begun stays as it is. */
export function dyingAfter(log: ReplicatedLog, appends: number): ReplicatedLog {
  let left = appends
  return logOver(log, {
    append: async (expected, bytes) => {
      if ((left -= 1) < 0) throw new Error('the leader has died')
      return log.append(expected, bytes)
    },
  })
}
