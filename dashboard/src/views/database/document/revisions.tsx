import { documentText, type LeafText, leavesOf } from '../../../api/documents.ts'
import { hasStatus } from '../../../api/http.ts'
import { plural } from '../../../lib/format.ts'
import { formatJsonText, withoutMembers } from '../../../lib/json-text.ts'
import { linkTo } from '../../../lib/location.ts'
import { layOutTree } from '../../../lib/revision-tree.ts'
import { DiffTable } from '../../../ui/diff-table.tsx'
import { navigate, useResource } from '../../../ui/hooks.ts'
import { Empty, Loaded } from '../../../ui/kit.tsx'
import { RevisionTreePicture } from '../../../ui/revision-tree.tsx'

interface RevisionsProps {
  readonly database: string
  readonly id: string
  readonly params: Readonly<Record<string, string>>
}

/** The revision tree of a document; choosing two revisions in it compares them. */
export function Revisions({ database, id, params }: RevisionsProps) {
  const leaves = useResource(signal => leavesOf(database, id, signal), [database, id])
  const chosen = [params.left, params.right].filter(rev => rev !== undefined)
  const choose = (rev: string) => {
    const kept = chosen.includes(rev) ? chosen.filter(other => other !== rev) : [...chosen, rev].slice(-2)
    const [left, right] = kept
    navigate(linkTo(['db', database, 'doc', id, 'revisions'], { left, right }), { replace: true })
  }
  return (
    <Loaded resource={leaves}>
      {found =>
        found.length === 0 ? (
          <div class="card">
            <Empty title="This document has never existed in this database." />
          </div>
        ) : (
          <div class="stack">
            <Tree leaves={found} chosen={chosen} onChoose={choose} />
            <Chosen database={database} id={id} revs={chosen} />
          </div>
        )
      }
    </Loaded>
  )
}

interface TreeProps {
  readonly leaves: readonly LeafText[]
  readonly chosen: readonly string[]
  readonly onChoose: (rev: string) => void
}

function Tree({ leaves, chosen, onChoose }: TreeProps) {
  const tree = layOutTree(leaves)
  const living = leaves.filter(({ deleted }) => !deleted).length
  return (
    <section class="card" aria-label="Revisions">
      <div class="card-head">
        <h2>
          {plural(tree.nodes.length, 'revision')}, {plural(leaves.length, 'leaf', 'leaves')}
        </h2>
        <span class="muted small">
          {living > 1 ? 'The document is in conflict.' : 'Choose two revisions to compare them.'}
        </span>
      </div>
      <RevisionTreePicture tree={tree} chosen={chosen} onChoose={onChoose} />
    </section>
  )
}

function Chosen({ database, id, revs }: { database: string; id: string; revs: readonly string[] }) {
  const [left, right] = revs
  const bodies = useResource(
    signal => Promise.all(revs.map(rev => bodyOf(database, id, rev, signal))),
    [database, id, left, right],
  )
  if (left === undefined) return null
  return (
    <section class="card" aria-label="Chosen revisions">
      <div class="card-head">
        <h2>{right === undefined ? left : 'Comparison'}</h2>
        {right === undefined && (
          <a href={linkTo(['db', database, 'doc', id], { rev: left })}>Open this revision</a>
        )}
      </div>
      <Loaded resource={bodies}>
        {([first, second]) =>
          right === undefined || second === undefined ? (
            <pre class="code" tabIndex={0}>
              {first}
            </pre>
          ) : (
            <DiffTable left={first ?? ''} right={second} leftTitle={left} rightTitle={right} />
          )
        }
      </Loaded>
    </section>
  )
}

async function bodyOf(database: string, id: string, rev: string, signal: AbortSignal): Promise<string> {
  try {
    const text = await documentText(database, id, { rev }, signal)
    return formatJsonText(withoutMembers(text, name => name === '_id' || name === '_rev'))
  } catch (error) {
    if (!hasStatus(error, 404)) throw error
    return 'The body of this revision is no longer here: compaction has removed it, or it never came to this node.'
  }
}
