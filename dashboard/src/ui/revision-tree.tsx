import { shortRev } from '../lib/format.ts'
import { foldColumns, type RevisionTree, type TreeNode } from '../lib/revision-tree.ts'

const STEP_X = 118
const STEP_Y = 58
const MARGIN = 34
const RADIUS = 9

interface RevisionTreeProps {
  readonly tree: RevisionTree
  /** The revisions that are compared. */
  readonly chosen: readonly string[]
  readonly onChoose: (rev: string) => void
}

/** Draws a tree of revisions from the oldest on the left to the leaves on the right, one branch in each row. */
export function RevisionTreePicture({ tree, chosen, onChoose }: RevisionTreeProps) {
  const { at, gaps } = foldColumns(tree)
  const shown = tree.nodes.filter(({ column }) => at.has(column))
  const byRev = new Map(tree.nodes.map(node => [node.rev, node]))
  const x = ({ column }: TreeNode) => MARGIN + (at.get(column) ?? 0) * STEP_X
  const y = ({ row }: TreeNode) => MARGIN + row * STEP_Y
  return (
    <div class="tree-scroll" tabIndex={0} role="group" aria-label="Revision tree">
      <svg width={MARGIN * 2 + at.size * STEP_X} height={MARGIN * 2 + (tree.rows - 1) * STEP_Y + 16}>
        {shown.map(node => {
          const parent = drawnAncestor(node, byRev, at)
          return parent === undefined ? null : (
            <path key={node.rev} class="tree-edge" d={edge(x(parent), y(parent), x(node), y(node))} />
          )
        })}
        {[...gaps].map(column => (
          <text
            key={column}
            x={MARGIN + (column - 0.5) * STEP_X}
            y={14}
            text-anchor="middle"
            class="tree-gap"
          >
            …
          </text>
        ))}
        {shown.map(node => (
          <Node
            key={node.rev}
            node={node}
            x={x(node)}
            y={y(node)}
            isChosen={chosen.includes(node.rev)}
            onChoose={onChoose}
          />
        ))}
      </svg>
    </div>
  )
}

/** The nearest ancestor that is drawn: those between lie in a gap. */
function drawnAncestor(
  node: TreeNode,
  byRev: ReadonlyMap<string, TreeNode>,
  at: ReadonlyMap<number, number>,
): TreeNode | undefined {
  let parent = node.parent === undefined ? undefined : byRev.get(node.parent)
  while (parent !== undefined && !at.has(parent.column)) {
    parent = parent.parent === undefined ? undefined : byRev.get(parent.parent)
  }
  return parent
}

function edge(fromX: number, fromY: number, toX: number, toY: number): string {
  if (fromY === toY) return `M${fromX} ${fromY}H${toX}`
  const turn = fromX + STEP_X / 2
  return `M${fromX} ${fromY}C${turn} ${fromY} ${fromX + 24} ${toY} ${turn} ${toY}H${toX}`
}

interface NodeProps {
  readonly node: TreeNode
  readonly x: number
  readonly y: number
  readonly isChosen: boolean
  readonly onChoose: (rev: string) => void
}

function Node({ node, x, y, isChosen, onChoose }: NodeProps) {
  const tag = tagOf(node)
  const classes = [
    'tree-node',
    node.leaf && 'leaf',
    node.winner && 'winner',
    node.leaf?.deleted && 'deleted',
    isChosen && 'chosen',
  ]
  const choose = () => onChoose(node.rev)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    choose()
  }
  return (
    <g
      class={classes.filter(Boolean).join(' ')}
      transform={`translate(${x} ${y})`}
      role="button"
      tabIndex={0}
      aria-pressed={isChosen}
      aria-label={`${shortRev(node.rev)} ${tag}, revision ${node.rev}`}
      data-rev={node.rev}
      onClick={choose}
      onKeyDown={onKeyDown}
    >
      <circle r={RADIUS} />
      {node.stem && <path class="tree-edge" d="M-14 0h-4M-21 0h-2M-26 0h-1" />}
      <text y={-15} text-anchor="middle">
        {shortRev(node.rev)}
      </text>
      <text y={24} text-anchor="middle" class="tag">
        {tag}
      </text>
    </g>
  )
}

function tagOf({ winner, leaf, stem }: TreeNode): string {
  if (winner) return leaf?.deleted === true ? 'winner, deleted' : 'winner'
  if (leaf !== undefined) return leaf.deleted ? 'deleted' : 'conflict'
  return stem ? 'older ones cut off' : ''
}
