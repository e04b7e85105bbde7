import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { asDatabaseName } from '../../protocol/database-name.ts'
import { createGenesis } from '../../server/cluster/group/log-head.ts'
import type { Appended, ReplicatedLog } from '../../server/cluster/log/contract.ts'
import { openMemoryStore, type Store } from '../../server/storage/store.ts'
import { contentsOf, type GroupNode, groupNode } from './group-node.ts'
import type { LogEngine } from './log-contract.ts'
import { tempDir } from './temp.ts'
import { write } from './write.ts'
import { logOver } from './log-over.ts'

const NAME = asDatabaseName('test')
const NODES = 3
const UNREACHABLE = new Error('the log is unreachable')

/** Numbers from 0 up to 1, the same ones for the same seed. */
export type Random = () => number

/** Counts of a round, to see that something happened in it. */
export interface RoundCounts {
  acknowledged: number
  refused: number
  kills: number
  takeovers: number
  lostAnswers: number
}

/** A node that can be killed, with a store that may come back as it was a while ago: its writes are not synced. */
class FaultyNode {
  readonly name: string
  readonly #directory: string
  readonly #connect: () => ReplicatedLog
  readonly #random: Random
  readonly #counts: RoundCounts
  node: GroupNode | undefined
  #saved: Store | undefined
  #isCut = false
  #run = 0
  #turns: Promise<void> = Promise.resolve()

  constructor(
    name: string,
    directory: string,
    connect: () => ReplicatedLog,
    random: Random,
    counts: RoundCounts,
  ) {
    this.name = name
    this.#directory = directory
    this.#connect = connect
    this.#random = random
    this.#counts = counts
  }

  async start(store?: Store): Promise<void> {
    this.#isCut = false
    const log = this.#faulty(this.#connect(), (this.#run += 1))
    const own = store ?? (await openMemoryStore())
    this.node = await groupNode(log, this.name, { directory: join(this.#directory, this.name), store: own })
  }

  /** Keeps the store as it is now, for a crash that loses what came later. */
  async save(): Promise<void> {
    if (this.node !== undefined) this.#saved = await copyOf(this.node.store)
  }

  /** Ends it at once and starts it again, with all that it wrote or with what was on disk a while ago. */
  async kill(): Promise<void> {
    this.#counts.kills += 1
    const { node } = this
    this.node = undefined
    this.#run += 1
    node?.group.stepDown()
    await this.#turns
    await node?.close()
    const keepsAll = this.#random() < 0.5 || this.#saved === undefined
    await this.start(
      keepsAll && node !== undefined ? await copyOf(node.store) : this.#saved && (await copyOf(this.#saved)),
    )
  }

  /** Following and taking over are turns of one election: one after the other. */
  turn(work: (node: GroupNode) => Promise<void>): Promise<void> {
    const done = this.#turns.then(async () => {
      if (this.node?.group.isLeader === false) await work(this.node).catch(unlessUnreachable)
    })
    this.#turns = done.catch(() => undefined)
    return done
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut
  }

  async close(): Promise<void> {
    await this.node?.close()
  }

  /** A connection that loses answers, before or behind the engine, and is cut at times. What a killed run sends is lost. */
  #faulty(log: ReplicatedLog, run: number): ReplicatedLog {
    const check = (): void => {
      if (this.#isCut || run !== this.#run) throw UNREACHABLE
    }
    const append = async (expected: number, bytes: Uint8Array): Promise<Appended> => {
      const lost: Appended = { kind: 'unknown', cause: UNREACHABLE }
      if (this.#isCut && run === this.#run) return lost
      // A dead process settles nothing.
      if (run !== this.#run) throw UNREACHABLE
      const chance = this.#random()
      if (chance < 0.1) this.#counts.lostAnswers += 1
      if (chance < 0.05) return lost
      const appended = await log.append(expected, bytes)
      return chance < 0.1 ? lost : appended
    }
    return logOver(log, {
      append,
      maxEntryBytes: Math.min(log.maxEntryBytes, 30_000),
      read: async from => {
        check()
        return log.read(from)
      },
    })
  }
}

/**
 * Runs nodes over one log while nodes are killed, lose their connection and contend for the lead, as a seed has it; then checks
 * that no acknowledged write is missing anywhere and that all stores are equal.
 *
 * @param engine with an empty log
 */
export async function clusterRound(seed: number, engine: LogEngine, steps = 200): Promise<RoundCounts> {
  const random = randomOf(seed)
  const counts: RoundCounts = { acknowledged: 0, refused: 0, kills: 0, takeovers: 0, lostAnswers: 0 }
  const dir = await tempDir()
  await createGenesis(engine.connect(), 'test')
  const nodes = Array.from(
    { length: NODES },
    (_, index) => new FaultyNode(`node${index}`, dir.path, () => engine.connect(), random, counts),
  )
  for (const node of nodes) await node.start()
  const acknowledged = new Set<string>()
  const pending = new Set<Promise<void>>()
  const pick = (): FaultyNode => nodes[Math.floor(random() * NODES)]!
  try {
    for (let step = 0; step < steps; step++) {
      const chance = random()
      const node = pick()
      if (chance < 0.55) {
        const leader = nodes.find(one => one.node?.group.isLeader === true)
        if (leader === undefined) background(pending, takeOver(node, counts))
        else background(pending, writeTo(leader, `doc${step}`, random, acknowledged, counts))
      } else if (chance < 0.75) background(pending, follow(node))
      else if (chance < 0.8) background(pending, takeOver(node, counts))
      else if (chance < 0.92) await node.save()
      else if (chance < 0.97) node.cut(random() < 0.4)
      else await node.kill()
      if (random() < 0.5) await sleep(random() * 6)
    }
    for (const node of nodes) node.cut(false)
    await Promise.all(pending)
    await settle(nodes, counts)
    await check(nodes, acknowledged)
    counts.acknowledged = acknowledged.size
    return counts
  } finally {
    for (const node of nodes) await node.close()
    await dir.remove()
  }
}

function background(pending: Set<Promise<void>>, work: Promise<void>): void {
  const done = work.finally(() => pending.delete(done))
  pending.add(done)
}

/** Writes a document, at times with an attachment that goes to the log in pieces. */
async function writeTo(
  { node }: FaultyNode,
  id: string,
  random: Random,
  acknowledged: Set<string>,
  counts: RoundCounts,
): Promise<void> {
  if (node === undefined) return
  const data = Buffer.alloc(random() < 0.2 ? 40_000 + Math.floor(random() * 60_000) : 10, id).toString(
    'base64',
  )
  const _attachments = { file: { content_type: 'application/octet-stream', data } }
  try {
    if (!(await node.catalog.exists(NAME))) await node.catalog.create(NAME, { partitioned: false })
    const [outcome] = await write(await node.catalog.open(NAME), [{ _id: id, _attachments }])
    assert(outcome !== undefined && 'rev' in outcome)
    acknowledged.add(`${id} ${outcome.rev}`)
  } catch {
    counts.refused += 1
  }
}

function follow(node: FaultyNode): Promise<void> {
  return node.turn(one => one.catchUp())
}

function takeOver(node: FaultyNode, counts: RoundCounts): Promise<void> {
  return node.turn(async one => {
    await one.catchUp()
    if (await one.group.lead(one.catalog)) counts.takeovers += 1
  })
}

function unlessUnreachable(error: unknown): void {
  if (error !== UNREACHABLE && !/is not open|closed/.test(String(error))) throw error
}

/** One node leads, the others catch up. */
async function settle(nodes: readonly FaultyNode[], counts: RoundCounts): Promise<void> {
  const [first, ...others] = nodes.map(({ node }) => node!)
  for (const node of [first!, ...others]) node.group.stepDown()
  do await first!.catchUp()
  while (!(await first!.group.lead(first!.catalog)))
  counts.takeovers += 1
  while (others.some(({ group }) => group.position < first!.group.position))
    for (const node of others) await node.catchUp()
}

async function check(nodes: readonly FaultyNode[], acknowledged: ReadonlySet<string>): Promise<void> {
  const contents: string[][] = []
  for (const { node } of nodes) {
    const { catalog, store, attachments } = node!
    if (acknowledged.size === 0 && !(await catalog.exists(NAME))) continue
    const database = await catalog.open(NAME)
    for (const entry of acknowledged) {
      const [id, rev] = entry.split(' ') as [string, string]
      const document = database.document(id as never)
      assert.equal(document?.rev, rev, `${id} was acknowledged`)
      for (const { content, length } of database.body(document.body).attachments) {
        let read = 0
        for await (const bytes of await attachments.read(content)) read += bytes.length
        assert.equal(read, length)
      }
    }
    contents.push(await contentsOf(store, database.record.number))
  }
  for (const other of contents) assert.deepEqual(other, contents[0], 'stores are equal')
}

async function copyOf(store: Store): Promise<Store> {
  const copy = await openMemoryStore()
  const batch = copy.batch()
  for await (const [key, value] of store.iterator({ gte: new Uint8Array(0) })) batch.put(key, value)
  await batch.write()
  return copy
}

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
