import { ReplicatedGroup } from '../../server/cluster/group/group.ts'
import type { EntryCipher } from '../../server/cluster/entry/entry.ts'
import type { ReplicatedLog } from '../../server/cluster/log/contract.ts'
import type { CommitRecord } from '../../server/database/commit/commit-record.ts'
import { DatabaseKeys, KeySpace, spaceOfKey } from '../../server/storage/keys.ts'
import type { Store } from '../../server/storage/store.ts'
import { type MemoryCatalog, memoryCatalog } from './memory-database.ts'

/** A node of a cluster without a server: its databases in memory, and its group. */
export interface GroupNode extends MemoryCatalog {
  readonly group: ReplicatedGroup
  readonly commits: CommitRecord[]
  catchUp(): Promise<void>
}

export async function groupNode(log: ReplicatedLog, name: string, cipher?: EntryCipher): Promise<GroupNode> {
  const commits: CommitRecord[] = []
  const engine = await memoryCatalog({
    replicate: (changes, batch) => group.replicate(changes, batch),
    extend: () => ({ subscribers: [{ apply: commit => void commits.push(commit) }], validators: [] }),
  })
  const signal = new AbortController().signal
  const node = { node: name, url: `http://${name}` }
  const group: ReplicatedGroup = await ReplicatedGroup.open({
    store: engine.store,
    log,
    cipher,
    node,
    signal,
  })
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
