import { useState } from 'preact/hooks'
import { type Resolution, resolveConflict } from '../../../api/conflicts.ts'
import { type LeafText, leavesOf } from '../../../api/documents.ts'
import { shortRev } from '../../../lib/format.ts'
import { formatJsonText } from '../../../lib/json-text.ts'
import { linkTo } from '../../../lib/location.ts'
import { differencesOf, mergeLeaves } from '../../../lib/merge-leaves.ts'
import { commonAncestor, compareLeaves } from '../../../lib/revision-tree.ts'
import { useAction, useResource } from '../../../ui/hooks.ts'
import { Badge, Button, Empty, ErrorNotice, Loaded } from '../../../ui/kit.tsx'
import { toast } from '../../../ui/toasts.tsx'
import { MergeEditor } from './merge-editor.tsx'

/** A conflict's living revisions side by side, to keep one of them or to put a new one together. */
export function ResolveConflict({ database, id }: { database: string; id: string }) {
  const leaves = useResource(signal => leavesOf(database, id, signal), [database, id])
  return (
    <Loaded resource={leaves}>
      {found => {
        const living = found.filter(({ deleted }) => !deleted).sort(compareLeaves)
        return living.length < 2 ? (
          <div class="card">
            <Empty title="This document is not in conflict.">
              <a href={linkTo(['db', database, 'conflicts'])}>See the conflicts of this database</a>
            </Empty>
          </div>
        ) : (
          <Choices database={database} id={id} leaves={living} onDone={leaves.reload} />
        )
      }}
    </Loaded>
  )
}

interface ChoicesProps {
  readonly database: string
  readonly id: string
  /** The winner first. */
  readonly leaves: readonly LeafText[]
  readonly onDone: () => void
}

function Choices({ database, id, leaves, onDone }: ChoicesProps) {
  const { busy, error, run } = useAction()
  const [merging, setMerging] = useState(false)
  const texts = leaves.map(({ text }) => text)
  const differing = new Set(differencesOf(texts).map(({ name }) => name))
  const [winner] = leaves
  const revs = leaves.map(({ rev }) => rev)
  const resolve = (to: Resolution['to']) =>
    run(async () => {
      await resolveConflict({ database, id, revs, to })
      toast('The conflict is resolved.')
      onDone()
    })
  const contentOf = (index: number) => mergeLeaves([texts[index] ?? '{}'], {})
  const ancestor =
    leaves[1] === undefined || winner === undefined ? undefined : commonAncestor(winner, leaves[1])
  return (
    <div class="stack">
      <p class="lead">
        {leaves.length} revisions live side by side
        {ancestor === undefined ? '' : `; the first two part after ${shortRev(ancestor)}`}. Keep one, or merge
        them: the others become deleted, and stay in the revision tree.
      </p>
      <ErrorNotice error={error} retry={onDone} />
      {differing.size > 0 && (
        <div>
          <Button onClick={() => setMerging(!merging)} expanded={merging}>
            {merging ? 'Keep one of them instead' : 'Merge field by field'}
          </Button>
        </div>
      )}
      {merging ? (
        <MergeEditor leaves={leaves} busy={busy} onResolve={content => resolve({ content })} />
      ) : (
        <div class="choices">
          {leaves.map(({ rev }, index) => (
            <section class="card" key={rev} aria-label={`Revision ${rev}`}>
              <div class="card-head">
                <span class="row">
                  <code title={rev}>{rev.slice(0, 14)}…</code>
                  {index === 0 && <Badge tone="good">Winner</Badge>}
                </span>
                <Button small kind="primary" disabled={busy} onClick={() => resolve({ keep: rev })}>
                  Keep this one
                </Button>
              </div>
              <pre class="code" tabIndex={0}>
                {formatJsonText(contentOf(index))}
              </pre>
            </section>
          ))}
        </div>
      )}
    </div>
  )
}
