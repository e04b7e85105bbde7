import fc from 'fast-check'
import { attachmentOf, type ConflictNode } from '../../helpers/conflict-nodes.ts'

export const IDS = ['a', 'b']
const POLICY = '_design/policy'

/** Values that were written, by document: what policies must keep. */
export class Written {
  readonly tags = new Map<string, string[]>()
  readonly numbers = new Map<string, number[]>()
  readonly attachments = new Map<string, Set<string>>()
  /** The greatest time, which the last edit has. */
  readonly latest = new Map<string, number>()
  /** Documents that somebody deleted: of them nothing has to be kept. */
  readonly deleted = new Set<string>()
  edits = 0
  clock = 0
}

export interface Nodes {
  readonly all: readonly ConflictNode[]
}

type Command = fc.AsyncCommand<Written, Nodes>

function nodeAt({ all }: Nodes, index: number): ConflictNode {
  return all[index % all.length]!
}

/** Adds a tag to a document, and an attachment to some. */
class Edit implements Command {
  readonly node: number
  readonly id: string
  readonly n: number
  readonly attach: boolean

  constructor(node: number, id: string, n: number, attach: boolean) {
    this.node = node
    this.id = id
    this.n = n
    this.attach = attach
  }

  check(): boolean {
    return true
  }

  async run(written: Written, nodes: Nodes): Promise<void> {
    const { id, n } = this
    const node = nodeAt(nodes, this.node)
    const before = await node.winner(id)
    const at = (written.clock += 1)
    const [tag, file] = [`t${at}`, `f${n % 3}`]
    const added = this.attach ? { [file]: attachmentOf(String(n)) } : {}
    const attachments = { ...(before?._attachments as object | undefined), ...added }
    const isTaken = await node.edit({
      ...before,
      _id: id,
      n,
      at,
      tags: [...((before?.tags as string[] | undefined) ?? []), tag],
      high: Math.max(n, Number(before?.high ?? 0)),
      low: Math.min(n, Number(before?.low ?? 100)),
      ...(Object.keys(attachments).length === 0 ? {} : { _attachments: attachments }),
    })
    // A resolution may have come first.
    if (!isTaken) return
    written.edits++
    written.latest.set(id, at)
    written.tags.set(id, [...(written.tags.get(id) ?? []), tag])
    written.numbers.set(id, [...(written.numbers.get(id) ?? []), n])
    if (this.attach) written.attachments.set(id, new Set([...(written.attachments.get(id) ?? []), file]))
  }

  toString(): string {
    return `edit(${this.node}, ${this.id}, ${this.n}, ${this.attach})`
  }
}

class Delete implements Command {
  readonly node: number
  readonly id: string

  constructor(node: number, id: string) {
    this.node = node
    this.id = id
  }

  check(): boolean {
    return true
  }

  async run(written: Written, nodes: Nodes): Promise<void> {
    const node = nodeAt(nodes, this.node)
    const before = await node.winner(this.id)
    if (before === undefined) return
    if (!(await node.edit({ _id: this.id, _rev: before._rev, _deleted: true }))) return
    written.edits++
    written.deleted.add(this.id)
  }

  toString(): string {
    return `delete(${this.node}, ${this.id})`
  }
}

/** Copies some leaves from one node to another, in the order of the source or the reverse. */
class Replicate implements Command {
  readonly from: number
  readonly to: number
  /** Bits that say which leaves are copied: a replication that is cut off has copied some. */
  readonly some: number
  readonly reversed: boolean

  constructor(from: number, to: number, some: number, reversed: boolean) {
    this.from = from
    this.to = to
    this.some = some
    this.reversed = reversed
  }

  check(): boolean {
    return true
  }

  async run(_written: Written, nodes: Nodes): Promise<void> {
    const all = (await Promise.all([POLICY, ...IDS].map(id => nodeAt(nodes, this.from).leaves(id)))).flat()
    const chosen = all.filter((_, index) => (this.some >> (index % 8)) & 1)
    if (this.reversed) chosen.reverse()
    for (const revision of chosen) await nodeAt(nodes, this.to).take([revision])
  }

  toString(): string {
    return `replicate(${this.from}, ${this.to}, ${this.some.toString(2)}, ${this.reversed})`
  }
}

/** Turns resolving on or off. */
class Switch implements Command {
  readonly node: number

  constructor(node: number) {
    this.node = node
  }

  check(): boolean {
    return true
  }

  run(_written: Written, nodes: Nodes): Promise<void> {
    const node = nodeAt(nodes, this.node)
    node.resolves = !node.resolves
    return Promise.resolve()
  }

  toString(): string {
    return `switch(${this.node})`
  }
}

const node = fc.nat(4)
const id = fc.constantFrom(...IDS)
const edit = fc.tuple(node, id, fc.nat(99), fc.boolean()).map(parts => new Edit(...parts))
const remove = fc.tuple(node, id).map(parts => new Delete(...parts))
const copy = fc
  .tuple(node, node, fc.oneof(fc.constant(255), fc.nat(255)), fc.boolean())
  .map(parts => new Replicate(...parts))
const turn = node.map(index => new Switch(index))

/** Any order of edits, deletions, replications and switches; most of them edits and replications. */
export const commands = fc.commands<Written, Nodes, false>(
  [edit, edit, edit, edit, remove, copy, copy, copy, copy, turn],
  { maxCommands: 30, size: '+1' },
)

/** Replicates everything between all nodes, both ways, until nothing changes. Returns the number of rounds. */
export async function converge({ all }: Nodes): Promise<number> {
  for (let round = 1; ; round++) {
    const before = await Promise.all(all.map(one => one.settled()))
    for (const source of all) {
      for (const target of all) {
        if (source === target) continue
        for (const document of [POLICY, ...IDS]) {
          const revisions = await source.leaves(document)
          if (revisions.length > 0) await target.take(revisions)
        }
      }
    }
    const after = await Promise.all(all.map(one => one.settled()))
    if (before.every((seq, index) => seq === after[index])) return round
    if (round > 30) throw new Error('the nodes do not converge')
  }
}

/** Gives the policies to some nodes, by the bits of a number; the first always has them. */
export async function givePolicies({ all }: Nodes, rule: object, some: number): Promise<void> {
  await all[0]!.edit({ _id: POLICY, conflicts: [rule] })
  const revisions = await all[0]!.leaves(POLICY)
  for (const [index, one] of all.entries()) if (index > 0 && (some >> index) & 1) await one.take(revisions)
}
