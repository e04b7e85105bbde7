import type { MergeOutcome, RevPath } from '../../../protocol/revtree/merge.ts'

/**
 * CouchDB's revision trees as nested nodes, by plain recursion: slow, but each rule can be read off. What the flat
 * tables of protocol/revtree do is compared with it. Hashes are of one length, so that strings order them.
 */
export interface ModelNode {
  readonly hash: string
  readonly body: number
  readonly deleted: boolean
  readonly children: readonly ModelNode[]
}

export interface ModelRoot {
  readonly start: number
  readonly node: ModelNode
}

export type Model = readonly ModelRoot[]

type Line = readonly Omit<ModelNode, 'children'>[]

interface Joined {
  readonly node: ModelNode
  readonly outcome: MergeOutcome
}

/** A path as a list, oldest first. */
function lineOf(path: RevPath): Line {
  return path.hashes
    .map((hash, at) => ({ hash, ...(at === 0 ? path.value : { deleted: false, body: 0 }) }))
    .reverse()
}

export function modelMerge(model: Model, path: RevPath): { model: Model; outcome: MergeOutcome } {
  return mergeLine(model, path.start - path.hashes.length + 1, lineOf(path))
}

function mergeLine(model: Model, start: number, line: Line): { model: Model; outcome: MergeOutcome } {
  for (const root of model) {
    const joined = joinRoot(root, start, line)
    if (joined === undefined) continue
    const others = model.filter(one => one !== root)
    const grown = { start: Math.min(start, root.start), node: joined.node }
    return { model: sorted([...others, grown]), outcome: joined.outcome }
  }
  const outcome = model.length === 0 ? 'new_leaf' : 'new_branch'
  return { model: sorted([...model, { start, node: nest(line) }]), outcome }
}

function sorted(roots: ModelRoot[]): Model {
  return roots.sort((a, b) => a.start - b.start || (a.node.hash < b.node.hash ? -1 : 1))
}

function joinRoot(root: ModelRoot, start: number, line: Line): Joined | undefined {
  if (start >= root.start) return joinBelow(root.node, start - root.start, line)
  const older = line.slice(0, root.start - start)
  const joined = joinBelow(root.node, 0, line.slice(older.length))
  return joined && { ...joined, node: nest(older, joined.node) }
}

/** Joins a line to the first node that is `depth` levels below and is the line's oldest. */
function joinBelow(node: ModelNode, depth: number, line: Line): Joined | undefined {
  if (line.length === 0) return undefined
  if (depth === 0) return node.hash === line[0]!.hash ? extend(node, line) : undefined
  for (const child of node.children) {
    const joined = joinBelow(child, depth - 1, line)
    if (joined) return { ...joined, node: withChild(node, joined.node) }
  }
  return undefined
}

function extend(known: ModelNode, line: Line): Joined {
  const [first, ...rest] = line
  const stored = known.body !== 0
  const { deleted, body } = stored || (first!.body === 0 && !first!.deleted) ? known : first!
  const node = { ...known, deleted, body }
  if (rest.length === 0) return { node, outcome: 'internal_node' }
  const child = node.children.find(one => one.hash === rest[0]!.hash)
  if (child) {
    const below = extend(child, rest)
    return { node: withChild(node, below.node), outcome: below.outcome }
  }
  const outcome = node.children.length === 0 ? 'new_leaf' : 'new_branch'
  return { node: withChild(node, nest(rest)), outcome }
}

function withChild(node: ModelNode, child: ModelNode): ModelNode {
  const others = node.children.filter(one => one.hash !== child.hash)
  return { ...node, children: [...others, child].sort((a, b) => (a.hash < b.hash ? -1 : 1)) }
}

function nest(line: Line, last?: ModelNode): ModelNode {
  const [first, ...rest] = line
  const children = rest.length > 0 ? [nest(rest, last)] : last ? [last] : []
  return { ...first!, children }
}

/** A leaf with its ancestors, newest first. */
export interface ModelPath {
  readonly generation: number
  readonly nodes: readonly ModelNode[]
}

export function modelPaths(model: Model): ModelPath[] {
  return model.flatMap(root => pathsBelow(root.node, root.start, []))
}

function pathsBelow(node: ModelNode, generation: number, above: readonly ModelNode[]): ModelPath[] {
  const nodes = [node, ...above]
  if (node.children.length === 0) return [{ generation, nodes }]
  return node.children.flatMap(child => pathsBelow(child, generation + 1, nodes))
}

export function modelStem(model: Model, limit: number): Model {
  const hashes = model.flatMap(root => hashesOf(root.node))
  const repeated = new Set(hashes).size < hashes.length
  return repeated ? remerge(modelPaths(model), limit) : sorted(model.flatMap(root => cut(root, limit)))
}

function hashesOf(node: ModelNode): string[] {
  return [node.hash, ...node.children.flatMap(hashesOf)]
}

/** How many revisions there are from a node to its nearest leaf, both counted. */
function height(node: ModelNode): number {
  return 1 + Math.min(...node.children.map(height), node.children.length === 0 ? 0 : Infinity)
}

function cut(root: ModelRoot, limit: number): ModelRoot[] {
  const below = root.node.children.flatMap(node => cut({ start: root.start + 1, node }, limit))
  if (height(root.node) > limit) return below
  const stays = new Set(root.node.children.filter(child => height(child) <= limit).map(one => one.hash))
  const isChild = (one: ModelRoot): boolean => one.start === root.start + 1 && stays.has(one.node.hash)
  const children = below.filter(isChild).map(one => one.node)
  return [{ start: root.start, node: { ...root.node, children } }, ...below.filter(one => !isChild(one))]
}

function remerge(paths: readonly ModelPath[], limit: number): Model {
  const lines = paths.map(({ generation, nodes }) => {
    const kept = nodes.slice(0, limit)
    return { start: generation - kept.length + 1, kept, order: kept.map(node => node.hash).join(' ') }
  })
  lines.sort((a, b) => a.start - b.start || (a.order < b.order ? -1 : 1))
  return lines.reduce<Model>(
    (model, { start, kept }) => mergeLine(model, start, [...kept].reverse()).model,
    [],
  )
}

export function modelRemove(model: Model, revs: readonly string[]): { model: Model; removed: string[] } {
  const wanted = [...revs]
  const removed: string[] = []
  const kept: ModelPath[] = []
  for (const path of [...model].reverse().flatMap(root => modelPaths([root]))) {
    const rev = `${path.generation}-${path.nodes[0]!.hash}`
    const at = wanted.indexOf(rev)
    if (at === -1) kept.push(path)
    else removed.unshift(...wanted.splice(at, 1))
  }
  return { model: removed.length === 0 ? model : remerge(kept, Infinity), removed }
}

/** Rows in depth-first order, to compare with a table. */
export function modelRows(model: Model): { rev: string; body: number; deleted: boolean; root: boolean }[] {
  const below = (node: ModelNode, generation: number, root: boolean): ReturnType<typeof modelRows> => [
    { rev: `${generation}-${node.hash}`, body: node.body, deleted: node.deleted, root },
    ...node.children.flatMap(child => below(child, generation + 1, false)),
  ]
  return model.flatMap(root => below(root.node, root.start, true))
}
