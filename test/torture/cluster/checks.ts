import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore, type Store } from '../../../server/storage/store.ts'
import { contentsOf } from '../../helpers/group-node.ts'
import { call } from '../../helpers/http.ts'
import { DATABASE } from './clients.ts'
import type { History } from './history.ts'
import type { IsolatedNodes } from './nodes.ts'

interface Feed {
  readonly results: readonly {
    readonly seq: string
    readonly id: string
    readonly changes: readonly { readonly rev: string }[]
    readonly deleted?: true
  }[]
  readonly last_seq: string
}

interface Leaf {
  readonly ok?: { readonly _revisions: { readonly start: number; readonly ids: readonly string[] } }
}

/** Compares all nodes with each other, and with what clients were told, when nothing is written any more. */
export async function checkEnd(nodes: IsolatedNodes, history: History): Promise<void> {
  const feeds: string[] = []
  for (let node = 0; node < nodes.count; node++) {
    const feed = await feedOf(nodes.url(node))
    feeds.push(JSON.stringify(feed))
    checkFeed(feed, history, `node${node}`)
    await checkRevisions(nodes.url(node), history, `node${node}`)
  }
  if (new Set(feeds).size !== 1) history.fault('the feeds of the nodes differ')
  for (let node = 0; node < nodes.count; node++) await nodes.down(node, 'SIGTERM')
  await checkStores(nodes, history)
}

/** A node that was proven to be current has all. */
async function feedOf(url: string): Promise<Feed> {
  for (let last = ''; ;) {
    const { body } = await call<Feed>(url, 'GET', `/${DATABASE}/_changes`)
    if (body.last_seq === last) return body
    last = body.last_seq
    await sleep(1500)
  }
}

/** Every row is the one that readers saw at its sequence. */
function checkFeed({ results }: Feed, history: History, name: string): void {
  for (const { seq, id, changes, deleted = false } of results) {
    const row = `${id} ${changes[0]?.rev} ${deleted}`
    const before = history.rows.get(Number.parseInt(seq))
    if (before !== undefined && before !== row)
      history.fault(`${name} has ${row} at ${seq}, and a reader was given ${before}`)
  }
}

/** Every revision that was acknowledged is in the history of its document. */
async function checkRevisions(url: string, history: History, name: string): Promise<void> {
  for (const [id, revs] of history.acknowledged) {
    const { status, body } = await call<readonly Leaf[]>(
      url,
      'GET',
      `/${DATABASE}/${id}?revs=true&open_revs=all`,
    )
    const known = new Set<string>()
    for (const { ok } of status === 200 ? body : []) {
      const { start = 0, ids = [] } = ok?._revisions ?? {}
      for (const [index, hash] of ids.entries()) known.add(`${start - index}-${hash}`)
    }
    for (const rev of revs)
      if (!known.has(rev)) history.fault(`${name} lacks ${id} ${rev}, which was acknowledged`)
  }
}

async function checkStores(nodes: IsolatedNodes, history: History): Promise<void> {
  const contents: string[] = []
  for (let node = 0; node < nodes.count; node++) {
    const store = await openStore(join(nodes.data(node), 'store'))
    try {
      contents.push(JSON.stringify(await contentsOfAll(store)))
    } finally {
      await store.close()
    }
  }
  for (const [node, other] of contents.entries())
    if (other !== contents[0]) history.fault(`the store of node${node} differs from that of node0`)
}

/** Databases are numbered from one on; there are those of the system and one more. */
async function contentsOfAll(store: Store): Promise<string[][]> {
  const all: string[][] = []
  for (let number = 1; number < 10; number++) all.push(await contentsOf(store, number))
  return all
}
