import { NODE_URL } from '../../api/http.ts'
import { formatCount } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import type { ReplicationJob } from '../../lib/replication-job.ts'
import { layOutMap, type MapArrow, type MapNode, selfNamesOf } from '../../lib/replication-map.ts'

const BOX = { width: 168, height: 40 }
const MOST_NODES = 24

/** Nodes as boxes and replications as arrows between them, coloured by the state of the worst one. */
export function ReplicationMapPicture({ jobs }: { jobs: readonly ReplicationJob[] }) {
  const { self, aliases } = selfNamesOf(NODE_URL)
  const map = layOutMap(jobs, self, aliases)
  if (map.nodes.length > MOST_NODES) {
    return (
      <p class="muted">
        These replications connect {formatCount(map.nodes.length)} nodes, which are too many to draw. The
        table below has them all.
      </p>
    )
  }
  const byHost = new Map(map.nodes.map(node => [node.host, node]))
  return (
    <figure class="card tree-scroll">
      <svg
        class="map"
        viewBox={`0 0 ${map.width} ${map.height}`}
        width="100%"
        style={{ maxHeight: `${map.height}px` }}
        role="group"
        aria-label={`Map of ${map.nodes.length} nodes and ${map.arrows.length} directions of replication; the table below says the same.`}
      >
        {map.arrows.map(arrow => (
          <Arrow
            key={`${arrow.from} ${arrow.to}`}
            arrow={arrow}
            from={byHost.get(arrow.from)}
            to={byHost.get(arrow.to)}
          />
        ))}
        {map.nodes.map(node => (
          <g key={node.host} transform={`translate(${node.x - BOX.width / 2} ${node.y - BOX.height / 2})`}>
            <rect class={node.isSelf ? 'place self' : 'place'} width={BOX.width} height={BOX.height} rx={8} />
            <text x={BOX.width / 2} y={node.isSelf ? 17 : 24} text-anchor="middle">
              {node.host.length > 24 ? `${node.host.slice(0, 23)}…` : node.host}
              <title>{node.host}</title>
            </text>
            {node.isSelf && (
              <text x={BOX.width / 2} y={32} text-anchor="middle" class="note">
                this node
              </text>
            )}
          </g>
        ))}
      </svg>
    </figure>
  )
}

interface ArrowProps {
  readonly arrow: MapArrow
  readonly from: MapNode | undefined
  readonly to: MapNode | undefined
}

function Arrow({ arrow, from, to }: ArrowProps) {
  if (from === undefined || to === undefined) return null
  const { path, label } = from === to ? loop(from) : curve(from, to)
  const { jobs, tone, pending, docsPerSecond } = arrow
  const lag = pending > 0 ? `${formatCount(pending)} pending` : ''
  const rate = docsPerSecond >= 1 ? `${formatCount(Math.round(docsPerSecond))} docs/s` : ''
  const text = [String(jobs.length), lag, rate].filter(part => part !== '').join(' · ')
  const [job] = jobs
  const link =
    jobs.length === 1 && job?.docId != null && job.database !== null
      ? linkTo(['replications', 'job', job.database, job.docId])
      : linkTo(['replications'], { text: from.isSelf ? arrow.to : arrow.from })
  return (
    <a href={link} aria-label={`${text}: replications from ${arrow.from} to ${arrow.to}`}>
      <title>
        {jobs
          .map(({ docId, state }) => `${docId ?? '_replicate'}: ${state}`)
          .slice(0, 20)
          .join('\n')}
      </title>
      <path class={`arrow ${tone}`} d={path} marker-end={`url(#head-${tone})`} />
      <defs>
        <marker
          id={`head-${tone}`}
          viewBox="0 0 10 10"
          refX="8"
          refY="5"
          markerWidth="4.5"
          markerHeight="4.5"
          orient="auto-start-reverse"
        >
          <path class={`head ${tone}`} d="M1 1l7 4-7 4" />
        </marker>
      </defs>
      <text x={label.x} y={label.y} text-anchor="middle" class="note">
        {text}
      </text>
    </a>
  )
}

interface Drawn {
  readonly path: string
  readonly label: { readonly x: number; readonly y: number }
}

/** A bend to the right of the direction, so that both directions between two nodes are seen. */
function curve(from: MapNode, to: MapNode): Drawn {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const length = Math.hypot(dx, dy)
  const [nx, ny] = [-dy / length, dx / length]
  const bend = { x: (from.x + to.x) / 2 + nx * 36, y: (from.y + to.y) / 2 + ny * 36 }
  const start = edgeOf(from, bend)
  const end = edgeOf(to, bend)
  return {
    path: `M${start.x} ${start.y}Q${bend.x} ${bend.y} ${end.x} ${end.y}`,
    label: { x: (from.x + to.x) / 2 + nx * 30, y: (from.y + to.y) / 2 + ny * 30 - 4 },
  }
}

function loop({ x, y }: MapNode): Drawn {
  const [left, right, bottom] = [x - 36, x + 36, y + BOX.height / 2]
  return {
    path: `M${left} ${bottom}C${left} ${bottom + 52} ${right} ${bottom + 52} ${right} ${bottom + 5}`,
    label: { x, y: bottom + 54 },
  }
}

/** Returns where the line from a node's middle to a point leaves its box. */
function edgeOf({ x, y }: MapNode, to: { x: number; y: number }): { x: number; y: number } {
  const [dx, dy] = [to.x - x, to.y - y]
  const scale = Math.min(
    (BOX.width / 2 + 5) / Math.max(Math.abs(dx), 1e-6),
    (BOX.height / 2 + 5) / Math.max(Math.abs(dy), 1e-6),
  )
  return { x: x + dx * scale, y: y + dy * scale }
}
